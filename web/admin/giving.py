"""The form by which a role is given, to a person or an app."""

from __future__ import annotations

from typing import Final

from anyio import to_thread

from city.identity.caller import EVERYWHERE, Grant
from city.identity.wiring import Identity
from contracts.judgements import Text
from web import access, forms
from web.admin import words

_CHOOSE: Final = Text(id="Pilih salah satu peran", en="Choose one of the roles")
_WHY: Final = 500  # characters


def give_form() -> forms.Form:
    """The empty form."""
    return forms.Form(id="give", values=forms.of(role="", unit="", until="", why="").values)


async def granted(
    identity: Identity, caller: access.Who, holder: str, typed: forms.Form
) -> forms.Form | None:
    """Give what the form says; the form with what is wrong where that could not be done."""
    read = forms.Reading(forms.Form(id="give", values={**give_form().values, **typed.values}))
    programme, _, role = typed.value("role").rpartition("/")
    why = read.text("why", most=_WHY, least=0)
    last = read.day("until", needed=False)
    if not role:
        read.wrong("role", _CHOOSE)
    if read.faults:
        return read.form
    until = words.midnight(last, days=1) if last else None  # the last day counts
    grant = Grant(role=role, programme=programme, unit=typed.value("unit") or EVERYWHERE)
    call = identity.grants.give
    try:
        await to_thread.run_sync(lambda: call(caller, holder, grant, until=until, why=why))
    except words.Refusal as error:
        return words.refused(read.form, error)
    return None
