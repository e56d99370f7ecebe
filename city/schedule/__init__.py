"""Durable clocks: deadlines, reminders and escalations that survive any process, and fire once."""

from city.schedule.clock import Clock, Standing, State
from city.schedule.clocks import Clocks
from city.schedule.handlers import Fired, Handler
from city.schedule.rules import At, Every, Rule
from city.schedule.runner import Runner
from city.schedule.settings import Settings

__all__ = [
    "At",
    "Clock",
    "Clocks",
    "Every",
    "Fired",
    "Handler",
    "Rule",
    "Runner",
    "Settings",
    "Standing",
    "State",
]
