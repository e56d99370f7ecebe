"""The tables of identities, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.identity.tables import doors, factors, people

HISTORY: Final = History(
    name="identity",
    folder=Path(__file__).parent,
    tables=(
        people.units,
        people.trees,
        people.people,
        people.contacts,
        people.accounts,
        people.grants,
        factors.passwords,
        factors.authenticators,
        factors.passkeys,
        factors.recoveries,
        factors.challenges,
        factors.links,
        factors.codes,
        factors.throttles,
        doors.sessions,
        doors.apps,
        doors.keys,
        doors.tokens,
        doors.spending,
    ),
)
