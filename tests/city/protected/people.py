"""Who is around a case, and what he may."""

from city.audit import PROTECTED, Filters, page
from city.db import Database
from city.identity.caller import SYSTEM, Caller, Kind

UNIT = "uptd-ppa"
REASON = "The hotline has her on the phone and her worker is away"


def person(name: str, *permissions: str, strong: bool = True, unit: str | None = UNIT) -> Caller:
    units = None if unit is None else frozenset({unit})
    reach = {f"wadul_bae.cases.{permission}": units for permission in permissions}
    return Caller(kind=Kind.PERSON, id=name, name="", strong=strong, reach=reach)


LEAD = person("p-lead", "open")
WORKER = person("p-worker")
SUPERVISOR = person("p-supervisor")
DUTY = person("p-duty", "force")
STRANGER = person("p-stranger", "open")
OTHERS = (
    STRANGER,
    DUTY,
    SYSTEM,
    Caller(kind=Kind.APP, id="p-lead", name=""),
    person("p-admin", "force", unit=None),
)


def noted(db: Database) -> list[tuple[str, str, str]]:
    """Who did what and why, oldest first."""
    with db.read() as tx:
        found = page(tx, Filters(chain=PROTECTED), limit=500)
    return [(entry.by, entry.action, entry.why) for entry in reversed(found)]
