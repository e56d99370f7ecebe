"""Settings of alerts."""

from __future__ import annotations

from typing import Literal

import msgspec

from alerts.groups.model import SHIPPED as GROUPINGS
from alerts.groups.model import Grouping, Storm
from alerts.quiet.inhibition import SHIPPED, Inhibition
from contracts.instants import DAY, HOUR, SECOND


class Flap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an alert that comes and goes is held as one."""

    most: int = 5  # times that it may begin in a span; 0: as often as it likes
    span: float = 600.0  # seconds
    calm: float = 600.0  # seconds without a finding after which it is over


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in seconds."""

    unproven: Literal["trial", "act"] = "trial"  # what a rule may do that nobody has activated
    hold: float = 0.0  # that a finding must last before it fires, beyond what its rule holds
    batch: int = 200  # judgements in one transaction
    waiting: int = 1_000  # judgements that may wait; then no more are read from the broker
    patience: float = 5.0  # for a receipt to leave
    keep: float = 400 * DAY / SECOND  # resolved alerts and their history
    keep_judgements: float = 30 * DAY / SECOND  # how late a repeated one is still recognised by its id
    keep_probes: float = HOUR / SECOND
    sweep: float = 60.0  # between looks for what is ripe, under maintenance or too old
    inhibitions: tuple[Inhibition, ...] = SHIPPED  # which alerts tell the cause of others
    groupings: tuple[Grouping, ...] = GROUPINGS  # what belongs together; the first that matches counts
    storm: Storm = Storm()
    flap: Flap = Flap()
    linger: float = 300.0  # that a group stays open after its last alert, for those that come again
