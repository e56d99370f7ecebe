"""Who has an inbox: everyone of the staff after his second factor, and every citizen who signed in."""

from __future__ import annotations

from typing import Final

from city.identity.roles import CITIZEN, STAFF, Role
from contracts.judgements import Text

NOTICES: Final = "notices"
OWN: Final = "notices.own.use"
_TITLE: Final = Text(id="Penerima pemberitahuan", en="Told by notices")
ROLES: Final = (
    Role(name=STAFF, programme=NOTICES, permissions=(OWN,), title=_TITLE),
    Role(name=CITIZEN, programme=NOTICES, permissions=(OWN,), title=_TITLE, staff=False),
)
