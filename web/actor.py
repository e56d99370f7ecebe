"""Who acts, until the platform has identities: whoever reaches the loopback address says so himself."""

from __future__ import annotations

from typing import Final

import msgspec
from fastapi import Request

from city.identity.caller import SYSTEM
from contracts.errors import shown
from web.access import Known

UNNAMED: Final = "operator"
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


async def believe(request: Request) -> Known:
    """Everyone may everything, named by header `X-IMM-Actor`, else the form's field `by`, else `operator`.

    The one place to replace when sign-in comes: web.access asks only this.
    """
    name = request.headers.get("x-imm-actor", "")
    if not name and request.headers.get("content-type", "").startswith(_FORMS):
        form = await request.form()
        name = str(form.get("by", ""))
    return Known(caller=msgspec.structs.replace(SYSTEM, name=shown(name.strip())[:80] or UNNAMED))
