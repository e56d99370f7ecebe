"""Settings of sign-in."""

from __future__ import annotations

from pathlib import Path

import msgspec

from contracts.judgements import Text


class Oidc(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The city's own sign-on, by OpenID Connect; off without an issuer."""

    issuer: str = ""  # https://…, where /.well-known/openid-configuration answers
    client: str = ""  # by which the issuer knows this platform
    secret_file: Path | None = None  # its first line is the client's secret; none: a public client
    title: Text = Text(id="akun kota", en="your city account")  # completes "Sign in with …"
    login: str = "preferred_username"  # claim that names the login here; an account is not made by itself
    strong: tuple[str, ...] = ("mfa", "otp", "hwk", "fpt", "face")  # `amr` that counts as the second factor
    wait: float = 10.0  # seconds for an answer of the issuer
