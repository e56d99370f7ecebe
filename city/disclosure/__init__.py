"""Public tables of counts from which nobody can be made out: neither from one, nor from one after another."""

from city.disclosure.protect import LEAST, Need, Table, attack, dominated, protect
from city.disclosure.register import Release, release
from city.disclosure.shape import TOTAL, Cell, Shape

__all__ = [
    "LEAST",
    "TOTAL",
    "Cell",
    "Need",
    "Release",
    "Shape",
    "Table",
    "attack",
    "dominated",
    "protect",
    "release",
]
