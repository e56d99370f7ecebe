"""What the API's documentation shows of administration."""

from __future__ import annotations

from typing import Final

import msgspec

from city.audit import Kept
from city.audit.verify import Report
from city.geography import Site
from city.identity.apps import App
from city.identity.keys import Key
from city.identity.model import Given, Person, PersonKind, PersonState, Unit, UnitKind
from city.identity.roles import Role
from contracts.judgements import Text

TIME: Final = 1_795_000_000_000_000
PERSON: Final = Person(
    id="0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90",
    kind=PersonKind.STAFF,
    state=PersonState.ACTIVE,
    revision=3,
    name="Sri Wahyuni",
    login="sri.wahyuni",
    unit="dishub",
    language="id",
    created=TIME,
    updated=TIME,
    seen=TIME,
)
UNIT: Final = Unit(
    id="dishub",
    parent="",
    kind=UnitKind.AGENCY,
    name="Dinas Perhubungan",
    code="",
    revision=1,
    retired=False,
    created=TIME,
    updated=TIME,
)
ROLE: Final = Role(
    name="dispatcher",
    programme="tangi",
    permissions=("tangi.incidents.read", "tangi.incidents.work"),
    title=Text(id="Petugas TANGI", en="TANGI dispatcher"),
)
GIVEN: Final = Given(
    id="0197b0f6-11aa-7d2b-8c3e-2b9f0e4d7a65",
    holder=PERSON.id,
    programme=ROLE.programme,
    role=ROLE.name,
    unit="",
    given=TIME,
    given_by="0197a9c4-4a80-7c3e-9d55-2f6b1c0e7a11",
)
APP: Final = App(
    id="0197b0f8-77aa-7e10-8c0d-1f5a3b2c4d6e",
    name="Peta Cirebon",
    unit="",
    state="active",
    revision=1,
    created=TIME,
    updated=TIME,
)
KEY: Final = Key(
    id="0197b0f9-0b1c-7a2d-9e3f-4a5b6c7d8e9f",
    app=APP.id,
    prefix="k7m3q9xt2p",
    label="server peta",
    scopes=("tangi.incidents.read",),
    per_minute=600,
    per_day=100_000,
    made_by=PERSON.id,
    created=TIME,
    expires=TIME + 31_536_000_000_000,
)
SECRET: Final = "imk_k7m3q9xt2p_4rVq1tKx0Zb8"  # noqa: S105 - of nobody
LINK: Final = "https://imm.cirebonkota.go.id/link/f3nqJ0wq5mYB"
SITE: Final = Site(
    id="pasar-kanoman",
    title="Pasar Kanoman",
    longitude=108.5672,
    latitude=-6.7206,
    kelurahan="32.74.02.1001",
    revision=1,
    changed=TIME,
)
ENTRY: Final = Kept(
    id=4_711,
    chain="city",
    time=TIME,
    seal=96,
    by=PERSON.id,
    action="grant.given",
    kind="identity.grant",
    record=GIVEN.id,
    fields=("tangi.dispatcher", GIVEN.holder),
    why="shift malam",
    unit="",
)
REPORT: Final = Report(
    chain="city", first=1, last=96, entries=4_700, waiting=11, witnessed=96, count=0, faults=(), notices=()
)


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An account and the way into it, which is shown this once."""

    person: Person
    link: str  # to open in a browser
    expires: int  # µs UTC


INVITATION: Final = Invitation(
    person=msgspec.structs.replace(PERSON, state=PersonState.INVITED, revision=1, seen=None),
    link=LINK,
    expires=TIME + 86_400_000_000,
)
