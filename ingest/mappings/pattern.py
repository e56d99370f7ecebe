"""Topics of third parties: exact levels, and levels in braces that name what stands there."""

from __future__ import annotations

import re
from typing import Final

from contracts.errors import Refused
from contracts.topics import LONGEST

_VARIABLE: Final = re.compile(r"\{([a-z][a-z0-9_]{0,31})\}")
_FORBIDDEN: Final = frozenset("+#\0{}")


class Pattern:
    """`tele/{node}/SENSOR`: one topic for each node."""

    __slots__ = ("_levels", "text", "variables")

    def __init__(self, text: str) -> None:
        """Raises Refused. The first level is exact: no pattern reaches `imm/`, `$SYS/` or other people's."""
        levels = text.split("/")
        found = [_VARIABLE.fullmatch(level) for level in levels]
        if found[0] or levels[0] in {"", "imm"} or levels[0].startswith("$") or len(text) > LONGEST:
            raise Refused("topic", text, f"begins with a name of its own, at most {LONGEST} characters")
        for level, variable in zip(levels, found, strict=True):
            if variable is None and set(level) & _FORBIDDEN:
                raise Refused("topic", text, "a level is exact text, or one name in braces: {node}")
        self.text = text
        self.variables = tuple(variable[1] for variable in found if variable)
        if len(set(self.variables)) < len(self.variables):
            raise Refused("topic", text, "a name in braces stands there twice")
        self._levels = tuple(
            (level, variable[1] if variable else "") for level, variable in zip(levels, found, strict=True)
        )

    @property
    def filter(self) -> str:
        """The MQTT filter that hears all of them."""
        return self.filled({})

    def filled(self, values: dict[str, str]) -> str:
        """The filter of those topics in which the named levels are these."""
        return "/".join(values.get(name, "+") if name else level for level, name in self._levels)

    def match(self, topic: str) -> dict[str, str] | None:
        """What stands at the named levels of a topic; None where it is another's."""
        levels = topic.split("/")
        if len(levels) != len(self._levels):
            return None
        values: dict[str, str] = {}
        for there, (level, name) in zip(levels, self._levels, strict=True):
            if name:
                values[name] = there
            elif there != level:
                return None
        return values

    def meets(self, other: Pattern) -> bool:
        """Whether one topic could be both's."""
        return len(self._levels) == len(other._levels) and all(
            mine == theirs or name or name_
            for (mine, name), (theirs, name_) in zip(self._levels, other._levels, strict=True)
        )
