"""Staged rollouts: a change of many devices' desired state, first on one, then on some, then on all."""

from devices.rollouts.model import Item, Part, Rollout, State, Step
from devices.rollouts.service import Rollouts

__all__ = ["Item", "Part", "Rollout", "Rollouts", "State", "Step"]
