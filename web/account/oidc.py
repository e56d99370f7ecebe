"""The city's sign-on by OpenID Connect: code with PKCE, state and nonce. Calls block: use a thread."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from contracts.instants import MINUTE, SECOND
from runtime.clock import Clock
from runtime.logs import clean
from web.account.errors import Declined, SignOnAway
from web.account.settings import Oidc

if TYPE_CHECKING:  # heavy: imported when someone comes this way
    from authlib.integrations.httpx_client import OAuth2Client

T = TypeVar("T")
_SCOPE: Final = "openid profile email"
_ALGORITHMS: Final = (
    "RS256",
    "PS256",
    "ES256",
    "EdDSA",
    "Ed25519",
)  # none with a secret that both sides know
_LEEWAY: Final = 60  # seconds by which the issuer's clock may differ
_FRESH: Final = 60 * MINUTE  # the issuer's description is asked again after this
_AGAIN: Final = MINUTE  # its keys, where one is not among them, at most this often


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser keeps in a cookie between going to the issuer and coming back."""

    state: str
    nonce: str
    verifier: str
    back: str  # where to go then


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the issuer vouches for."""

    issuer: str
    subject: str
    login: str  # empty: the issuer does not tell
    name: str
    strong: bool  # the issuer saw a second factor


class SignOn:
    """One issuer."""

    def __init__(self, settings: Oidc, *, returns: str, clock: Clock) -> None:
        """`returns`: the full address to which the issuer sends people back."""
        self._settings = settings
        self._returns = returns
        self._clock = clock
        self._lock = threading.Lock()
        self._described: tuple[int, dict[str, Any]] | None = None
        self._keys: tuple[int, dict[str, Any]] | None = None

    def start(self, back: str) -> tuple[str, Attempt]:
        """Where to send the browser, and what it keeps meanwhile. Raises SignOnAway."""
        attempt = Attempt(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            back=back,
        )
        with self._client() as client:
            address, _ = client.create_authorization_url(
                self._describe()["authorization_endpoint"],
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(address), attempt

    def finish(self, query: Mapping[str, str], attempt: Attempt | None) -> Identity:
        """Whom the issuer's answer (the query of the address) names. Raises Declined, SignOnAway."""
        if attempt is None:
            raise Declined("this browser did not begin it, or too long ago")
        if not secrets.compare_digest(query.get("state", "").encode(), attempt.state.encode()):
            raise Declined("it answers something else than was asked")
        described = self._describe()
        if query.get("iss", described["issuer"]) != described["issuer"]:
            raise Declined("another issuer answers")
        if "error" in query or not query.get("code"):
            raise Declined(clean(query.get("error_description") or query.get("error") or "no code came", 200))
        return self._identity(self._redeem(query["code"], attempt, described), attempt, described)

    def _redeem(self, code: str, attempt: Attempt, described: Mapping[str, Any]) -> Mapping[str, Any]:
        from authlib.integrations.base_client import OAuthError

        with self._client() as client:
            try:
                token: Mapping[str, Any] = self._ask(
                    lambda: client.fetch_token(
                        described["token_endpoint"],
                        grant_type="authorization_code",
                        code=code,
                        code_verifier=attempt.verifier,
                        redirect_uri=self._returns,
                    )
                )
            except OAuthError as error:
                raise Declined(clean(str(error), 200)) from None
        if "id_token" not in token:
            raise Declined("the issuer sent no id_token")
        return token

    def _identity(self, token: Mapping[str, Any], attempt: Attempt, described: Mapping[str, Any]) -> Identity:
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        try:
            decoded = self._decode(str(token["id_token"]), described)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": described["issuer"]},
                    "aud": {"essential": True, "value": self._settings.client},
                    "nonce": {"essential": True, "value": attempt.nonce},
                },
                {
                    "nonce": attempt.nonce,
                    "client_id": self._settings.client,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=self._clock.now() // SECOND, leeway=_LEEWAY)
        except (JoseError, ValueError) as error:
            raise Declined(f"its id_token does not hold: {clean(str(error), 200)}") from None
        methods = claims.get("amr") or ()
        return Identity(
            issuer=str(claims["iss"]),
            subject=str(claims["sub"]),
            login=str(claims.get(self._settings.login) or ""),
            name=str(claims.get("name") or ""),
            strong=any(method in self._settings.strong for method in methods),
        )

    def _decode(self, text: str, described: Mapping[str, Any]) -> Any:
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        told = described.get("id_token_signing_alg_values_supported") or _ALGORITHMS
        registry = JWSRegistry(
            algorithms=[name for name in _ALGORITHMS if name in told], strict_check_header=False
        )
        try:
            return jwt.decode(text, key=KeySet.import_key_set(self._jwks(described)), registry=registry)
        except InvalidKeyIdError:  # it has begun to sign with a new one
            keys = KeySet.import_key_set(self._jwks(described, older=_AGAIN))
            return jwt.decode(text, key=keys, registry=registry)

    def _describe(self) -> dict[str, Any]:
        with self._lock:
            now = self._clock.now()
            if self._described is None or now - self._described[0] > _FRESH:
                issuer = self._settings.issuer
                found = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != issuer:
                    raise SignOnAway(f"{issuer} describes itself as {clean(str(found.get('issuer')), 200)}")
                self._described = (now, found)
            return self._described[1]

    def _jwks(self, described: Mapping[str, Any], *, older: int = _FRESH) -> Any:
        with self._lock:
            now = self._clock.now()
            if self._keys is None or now - self._keys[0] >= older:
                self._keys = (now, self._get(described["jwks_uri"]))
            return self._keys[1]

    def _get(self, address: str) -> dict[str, Any]:
        import httpx2

        def call() -> dict[str, Any]:
            answer = httpx2.get(address, timeout=self._settings.wait)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
            return found

        return self._ask(call)

    def _ask(self, call: Callable[[], T]) -> T:
        import httpx2

        try:
            return call()
        except (httpx2.HTTPError, ValueError) as error:
            raise SignOnAway(clean(str(error) or type(error).__name__, 200)) from error

    def _client(self) -> OAuth2Client:
        from authlib.integrations.httpx_client import OAuth2Client

        secret = _secret(self._settings)
        return OAuth2Client(
            client_id=self._settings.client,
            client_secret=secret,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=_SCOPE,
            redirect_uri=self._returns,
            code_challenge_method="S256",
            timeout=self._settings.wait,
        )


def _secret(settings: Oidc) -> str | None:
    if settings.secret_file is None:
        return None
    try:
        return settings.secret_file.read_text().splitlines()[0]
    except (OSError, IndexError) as error:
        raise SignOnAway(f"its secret_file cannot be read ({error})") from None
