"""Who acts. Until the platform has identities, whoever reaches the loopback address says so himself."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Header, Request

from contracts.errors import shown

UNNAMED: Final = "operator"
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


async def actor(request: Request, x_imm_actor: Annotated[str, Header(max_length=80)] = "") -> str:
    """Name of the person that acts: header `X-IMM-Actor`, else the form's field `by`, else `operator`.

    The one place to replace when sign-in comes: routes ask only this.
    """
    name = x_imm_actor
    if not name and request.headers.get("content-type", "").startswith(_FORMS):
        form = await request.form()
        name = str(form.get("by", ""))
    return shown(name.strip())[:80] or UNNAMED


Actor = Annotated[str, Depends(actor)]
