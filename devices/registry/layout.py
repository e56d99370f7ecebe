"""The registry as a table that people bring or take: which columns, how each is read, what a row does."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import Connection

from city.identity.caller import Caller
from city.imports import Bad, Column, Layout, Row
from city.imports.columns import Cell, Parser
from city.imports.parsers import text, written
from city.imports.report import harmless
from contracts.errors import Refused
from contracts.judgements import Text
from contracts.topics import Kind
from devices.errors import Failure
from devices.registry import records
from devices.registry.model import Contact, Device, Plan, State
from devices.registry.service import Registry

_NUMBER: Final = Text(id="bukan derajat, misalnya 108,5409", en="no degrees, such as 108.5409")
_PAIRS: Final = Text(
    id="tulis nama=nilai, dipisah titik koma", en="write name=value, with semicolons between them"
)
_STATES: Final = (State.PLANNED, State.ENROLLED)


def _one_of(allowed: Iterable[str]) -> Parser:
    known = tuple(allowed)

    def parse(cell: Cell) -> str:
        found = written(cell).strip().lower()
        if found not in known:
            words = ", ".join(known)
            raise Bad(Text(id=f"salah satu dari: {words}", en=f"one of: {words}"))
        return found

    return parse


def _degrees(cell: Cell) -> float:
    try:
        return float(written(cell).strip().removeprefix("'").replace(",", "."))
    except ValueError:
        raise Bad(_NUMBER) from None


def _pairs(cell: Cell) -> dict[str, str]:
    found = {}
    for part in written(cell).removeprefix("'").split(";"):
        key, equals, value = part.partition("=")
        if not equals:
            raise Bad(_PAIRS)
        found[key.strip()] = value.strip()
    return found


def _list(cell: Cell) -> tuple[str, ...]:
    return tuple(part.strip() for part in written(cell).split(";") if part.strip())


def _column(
    name: str, id_: str, en: str, parse: Parser, example: str = "", *, required: bool = False
) -> Column:
    return Column(name=name, title=Text(id=id_, en=en), parse=parse, example=example, required=required)


LAYOUT: Final = Layout(
    name="devices.registry",
    key=("device",),
    columns=(
        _column("device", "Id", "Device", text(64), "kiosk-07", required=True),
        _column(
            "kind", "Jenis", "Kind", _one_of(one for one in Kind if one != Kind.CITY), "kiosk", required=True
        ),
        _column("site", "Lokasi", "Site", text(64), "bima", required=True),
        _column("title", "Nama", "Title", text(120), "Kiosk gerbang timur"),
        _column("longitude", "Bujur", "Longitude", _degrees, "108,5409"),
        _column("latitude", "Lintang", "Latitude", _degrees, "-6,7401"),
        _column("floor", "Lantai", "Floor", text(40), "1"),
        _column("operator", "Operator", "Operator", text(60), "Indosat"),
        _column("unit", "Unit", "Unit", text(64)),
        _column("contract", "Kontrak", "Contract", text(200), "SPK 12/2026"),
        _column("labels", "Label", "Labels", _pairs, "stop=north"),
        _column("names", "Nama SenML", "SenML names", _list),
        _column("contact_name", "Penanggung jawab", "Contact", text(80), "Budi"),
        _column("contact_phone", "Telepon", "Phone", text(40), "0812-3456-7890"),
        _column("contact_email", "Surel", "E-mail", text(120)),
        _column("state", "Keadaan", "State", _one_of(_STATES), "planned"),
    ),
)
_PLAN: Final = tuple(name for name in Plan.__struct_fields__ if name != "maintenance")


def apply(registry: Registry, by: Caller) -> Callable[[Connection, Row], None]:
    """What a row does: plans a device, or changes a known one, of which an empty cell changes nothing."""

    def one(tx: Connection, row: Row) -> None:
        given = {name: row[name] for name in _PLAN if row[name] is not None}
        old = records.find(tx, row["device"])
        try:
            if old is None:
                state = State(row["state"] or State.PLANNED)
                registry.add(tx, by, Plan(**given), contact=_contact(row), state=state)
                return
            known: dict[str, Any] = {name: getattr(old, name) for name in Plan.__struct_fields__}
            registry.change(tx, by, Plan(**(known | given)), contact=_contact(row))
        except Refused as error:
            raise Bad(Text(id=error.reason, en=error.reason), column=error.field) from None
        except Failure as error:
            raise Bad(Text(id=str(error), en=str(error))) from None

    return one


def exported(devices: Iterable[Device]) -> bytes:
    """Devices → CSV as it can be brought again, without who answers for them."""
    columns = [column for column in LAYOUT.columns if not column.name.startswith("contact_")]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.title.id for column in columns])
    for device in devices:
        writer.writerow([_cell(getattr(device, column.name)) for column in columns])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return repr(value)  # no formula, though it may begin with a minus
        case dict():
            return harmless(";".join(f"{key}={said}" for key, said in value.items()))
        case tuple():
            return harmless(";".join(value))
    return harmless(str(value))


def _contact(row: Row) -> Contact | None:
    names = ("name", "phone", "email")
    given = {name: row[f"contact_{name}"] for name in names if row[f"contact_{name}"] is not None}
    return Contact(**given) if given else None
