"""A device's plan as a form shows it, and back."""

from __future__ import annotations

from typing import Any, Final

from contracts.errors import Refused
from contracts.judgements import Text
from contracts.topics import Kind
from devices import reasons
from devices.registry import Contact, Device, Plan
from web import forms

KINDS: Final = tuple(kind for kind in Kind if kind != Kind.CITY)
_LINES: Final = {"title": 120, "floor": 40, "operator": 60, "unit": 64, "contract": 200}
_CONTACT: Final = {"contact_name": 80, "contact_phone": 40, "contact_email": 120}
_DEGREES: Final = Text(id="Tulis sebagai derajat, misalnya 108,5409", en="Write degrees, such as 108.5409")
_LABELS: Final = Text(id="Tulis nama=nilai, satu per baris", en="Write name=value, one a line")


def shown(device: Device, contact: Contact | None) -> forms.Form:
    """What is kept, in a form's fields; without `contact` its fields are not shown."""
    values: dict[str, Any] = {name: getattr(device, name) for name in ("kind", "site", *_LINES)}
    values |= {"longitude": device.longitude, "latitude": device.latitude}
    values["labels"] = "\n".join(f"{key}={value}" for key, value in device.labels.items())
    values["names"] = "\n".join(device.names)
    if contact is not None:
        values |= {f"contact_{name}": getattr(contact, name) for name in ("name", "phone", "email")}
    return forms.of(revision=device.revision, **values)


def read(
    typed: forms.Form, device: str, old: Device | None = None
) -> tuple[Plan, Contact | None, forms.Form]:
    """What was typed; look at the form's faults before it is used."""
    reading = forms.Reading(typed)
    id_ = device or reading.text("device", most=64)
    kind = reading.choice("kind", Kind) or Kind.KIOSK
    site = reading.text("site", most=64)
    lines = {name: reading.text(name, most=most, least=0) for name, most in _LINES.items()}
    contact = {name: reading.text(name, most=most, least=0) for name, most in _CONTACT.items()}
    plan = Plan(
        device=id_,
        kind=kind,
        site=site,
        longitude=_degrees(reading, typed, "longitude"),
        latitude=_degrees(reading, typed, "latitude"),
        labels=_labels(reading, typed),
        names=tuple(line.strip() for line in typed.value("names").splitlines() if line.strip()),
        maintenance=old.maintenance if old else (),
        **lines,
    )
    asked = "contact_name" in typed.values
    person = Contact(**{name.removeprefix("contact_"): said for name, said in contact.items()})
    return plan, person if asked else None, reading.form


def refused(form: forms.Form, error: Refused) -> forms.Form:
    """The form with what the registry refused at its field."""
    field = error.field.replace("contact.", "contact_")
    name = field if field in form.values else ""
    return form.but(name, reasons.told(error.reason))


def _degrees(reading: forms.Reading, typed: forms.Form, name: str) -> float | None:
    said = typed.value(name).strip().replace(",", ".")
    if not said:
        return None
    try:
        return float(said)
    except ValueError:
        reading.wrong(name, _DEGREES)
        return None


def _labels(reading: forms.Reading, typed: forms.Form) -> dict[str, str]:
    found = {}
    for line in typed.value("labels").splitlines():
        key, equals, value = line.partition("=")
        if equals:
            found[key.strip()] = value.strip()
        elif line.strip():
            reading.wrong("labels", _LABELS)
    return found
