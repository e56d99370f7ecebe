"""Sign-in and accounts put together: what app hands to the web shell."""

from __future__ import annotations

from pathlib import Path

import msgspec

from city.identity.wiring import KNOWN, Identity
from runtime.clock import Clock
from web.account import addresses, api, citizens, coming, factors, own, second, signon, tokens
from web.account.cookies import Cookies
from web.account.errors import Declined, SignOnAway
from web.account.oidc import SignOn
from web.account.resolve import Resolve
from web.account.settings import Oidc
from web.contribution import Contribution


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Sign-in, as the shell needs it."""

    contribution: Contribution
    resolve: Resolve


def wire(identity: Identity, *, clock: Clock, oidc: Oidc | None = None) -> Account:
    """Pages and API of sign-in on these identities."""
    settings = oidc or Oidc()
    cookies = Cookies(identity.settings.address)
    desk = coming.Desk(settings)
    routers = [
        coming.router(identity, cookies, desk),
        second.router(identity, cookies),
        second.passkeys(identity, cookies, desk),
        second.links(identity, cookies),
        citizens.router(identity, cookies),
        own.router(identity, cookies),
        addresses.router(identity),
        addresses.adding(identity, cookies),
        factors.router(identity, cookies),
        factors.secrets(identity),
        api.router(identity),
        tokens.router(identity),
    ]
    if settings.issuer:
        returns = f"{identity.settings.address.rstrip('/')}{signon.RETURNS}"
        routers.append(signon.router(identity, cookies, SignOn(settings, returns=returns, clock=clock)))
    contribution = Contribution(
        name="account",
        routers=tuple(routers),
        subjects=(identity.hook,),
        known={**KNOWN, Declined: 400, SignOnAway: 503},
        folder=Path(__file__).parent,
    )
    return Account(contribution=contribution, resolve=Resolve(identity, cookies))
