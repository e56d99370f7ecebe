"""Which state of a record a client has seen: `ETag` on what it reads, `If-Match` on what it changes.

A route that shows one record answers with `header(revision)`; one that changes it takes `seen: etags.Seen`
and hands it to the service, which compares within its transaction (city.revisions.check).
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from city.errors import Outdated
from contracts.errors import Refused
from web.errors import Unseen
from web.schemas import REQUIRED

NAME: Final = "If-Match"
ANY: Final = "*"
_TAG: Final = re.compile(r'"(\d{1,18})"')


def of(revision: int) -> str:
    """Revision → entity tag."""
    return f'"{revision}"'


def header(revision: int) -> dict[str, str]:
    """Header of an answer that shows a record in this revision."""
    return {"ETag": of(revision)}


def told(error: Exception) -> dict[str, str]:
    """Header of a refusal that knows the present revision."""
    return header(error.now) if isinstance(error, Outdated) else {}


def _seen(
    if_match: Annotated[
        str,
        Header(
            max_length=40,
            description="`ETag` of the record as it was read; `*` for whatever it is now",
            examples=['"3"', "*"],
            json_schema_extra={REQUIRED: True},
        ),
    ] = "",
) -> int | None:
    """Revision that the client has seen; None where it does not matter to him. Raises Unseen, Refused."""
    text = if_match.strip()
    if not text:
        raise Unseen
    if text == ANY:
        return None
    if found := _TAG.fullmatch(text):
        return int(found[1])
    raise Refused(NAME, if_match, 'the `ETag` of the record, with its quotes, such as "3"; or *')


Seen = Annotated[int | None, Depends(_seen)]
