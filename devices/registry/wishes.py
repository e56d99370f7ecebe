"""What clients of the API send of a device."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from contracts.roster import Window
from contracts.topics import Kind
from devices.registry.model import Contact, Plan

_Name = Annotated[str, Field(max_length=64)]
_Line = Annotated[str, Field(max_length=200)]
_Word = Annotated[str, Field(max_length=64)]
_MICROS: Final = 2**62
_WORDS: Final = 32


class Person(BaseModel):
    """Who answers for it: personal data."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(max_length=80)] = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    email: Annotated[str, Field(max_length=120)] = ""

    def contact(self) -> Contact:
        """As the registry takes it."""
        return Contact(name=self.name, phone=self.phone, email=self.email)


class Maintenance(BaseModel):
    """A planned window, start ≤ t < end."""

    model_config = ConfigDict(extra="forbid")
    start: Annotated[int, Field(ge=0, le=_MICROS, description="µs UTC")]
    end: Annotated[int, Field(ge=0, le=_MICROS, description="µs UTC")]
    reason: _Line = ""


class Wish(BaseModel):
    """What people decide of a device."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind
    site: _Name
    title: Annotated[str, Field(max_length=120)] = ""
    longitude: Annotated[float | None, Field(ge=-180, le=180, description="Degrees, WGS 84")] = None
    latitude: Annotated[float | None, Field(ge=-90, le=90)] = None
    floor: Annotated[str, Field(max_length=40)] = ""
    operator: Annotated[str, Field(max_length=60)] = ""
    unit: Annotated[_Name, Field(description="Whose engineers look after it; empty: the whole city's")] = ""
    contract: Annotated[_Line, Field(description="Of repair: number, firm, hours")] = ""
    labels: Annotated[dict[_Word, _Line], Field(max_length=_WORDS)] = {}
    names: Annotated[list[_Line], Field(max_length=16, description="SenML base names besides its own")] = []
    maintenance: Annotated[list[Maintenance], Field(max_length=50)] = []
    contact: Annotated[Person | None, Field(description="Where it is left out, what is known stays")] = None

    def plan(self, device: str) -> Plan:
        """As the registry takes it."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        windows = tuple(Window(**one.model_dump()) for one in self.maintenance)
        return Plan(device=device, names=tuple(self.names), maintenance=windows, **fields)

    def person(self) -> Contact | None:
        """Who answers for it, where that is said."""
        return None if self.contact is None else self.contact.contact()


class New(Wish):
    """A device that is planned."""

    device: Annotated[_Name, Field(description="Unique in the city, and never given again")]


_PLAIN: Final = tuple(
    field for field in Plan.__struct_fields__ if field not in {"device", "names", "maintenance"}
)
