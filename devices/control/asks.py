"""What clients of the API send to have devices do or be something."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from contracts import commands
from contracts.commands import Type, What
from contracts.errors import Refused
from contracts.topics import Kind
from devices.commands.service import LEAST, LONGEST, MOST
from devices.rollouts.model import Plan
from devices.selector import Selector

_Name = Annotated[str, Field(max_length=64)]
Why = Annotated[str, Field(min_length=1, max_length=LONGEST, description="Kept in the audit trail")]
_Values = Annotated[dict[_Name, Any], Field(max_length=64, description="Key → value; null takes it away")]


class Whom(BaseModel):
    """Which devices: each given field must match."""

    model_config = ConfigDict(extra="forbid")
    devices: Annotated[list[_Name], Field(max_length=1_000, description="Their ids")] = []
    site: _Name = ""
    kind: Kind | None = None
    operator: Annotated[str, Field(max_length=60)] = ""
    labels: Annotated[dict[_Name, Annotated[str, Field(max_length=200)]], Field(max_length=16)] = {}
    all: Annotated[bool, Field(description="Truly every device")] = False

    def selector(self) -> Selector:
        """As the desk takes it."""
        told = self.model_dump()
        return Selector(**{**told, "devices": tuple(told["devices"])})


class Order(BaseModel):
    """A command."""

    model_config = ConfigDict(extra="forbid")
    type: Type
    arguments: Annotated[dict[str, Any], Field(max_length=16)] = {}
    why: Why
    seconds: Annotated[int, Field(ge=LEAST, le=MOST, description="Within which it must be begun")] = 300

    def what(self) -> What:
        """Its arguments, checked by its type. Raises Refused."""
        return commands.what(self.type, self.arguments)


class Orders(Order):
    """A command to many."""

    whom: Whom


class Wish(BaseModel):
    """A change of what a device should be like."""

    model_config = ConfigDict(extra="forbid")
    values: _Values
    why: Why


class Back(BaseModel):
    """An earlier version, to be desired again."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    why: Why


class Asked(BaseModel):
    """Whom a command would reach."""

    model_config = ConfigDict(extra="forbid")
    type: Type
    whom: Whom


class Care(BaseModel):
    """How carefully a change is rolled out."""

    model_config = ConfigDict(extra="forbid")
    canary: Annotated[int, Field(ge=1, le=100, description="Devices of the first stage")] = 1
    share: Annotated[int, Field(ge=1, le=100, description="Per cent, of the second")] = 10
    soak: Annotated[int, Field(ge=0, le=604_800, description="Seconds to watch a stage once it is so")] = 300
    patience: Annotated[int, Field(ge=10, le=86_400, description="Seconds for a device that is online")] = 600
    tolerance: Annotated[int, Field(ge=0, le=50, description="Per cent of failures; the canary has none")] = 0

    def plan(self) -> Plan:
        """As rollouts take it."""
        return Plan(**self.model_dump())


class Trial(BaseModel):
    """A change of many, before it is made."""

    model_config = ConfigDict(extra="forbid")
    whom: Whom
    values: _Values
    care: Care = Care()


class Start(Trial):
    """A change of many."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    why: Why


def json(field: str, text: str) -> dict[str, Any]:
    """What a person typed as JSON. Raises Refused."""
    try:
        found = msgspec.json.decode(text or "{}", type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(field, text, f"a JSON object: {error}") from None
    return found
