"""Key-encryption keys in a key service that speaks HashiCorp Vault's transit API (OpenBao does too).

Each of our keys is a key of its own there, so that one can be destroyed alone. None of them ever comes here.
"""

from __future__ import annotations

import base64
import binascii
import logging
import secrets
import ssl
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from city.privacy import cipher
from city.privacy.cipher import Unsealed
from city.privacy.errors import BadKeys, KeyMissing, NoAnswer
from city.privacy.settings import Transit
from runtime.clock import Clock

if TYPE_CHECKING:  # heavy: imported when a key service is used
    import httpx

_ROOT: Final = "root"  # of all keyed hashes
_VERSION: Final = 1  # of each key: whoever rotates one there must not change our hashes
_TRIES: Final = 2  # asking again changes nothing: each request may be made twice
_LARGEST: Final = 1_000_000  # bytes of an answer
_HASH: Final = 32  # bytes


class KeyService:
    """Asks the service for each key: bounded in time, told with a cure, and with nothing in the log."""

    def __init__(self, settings: Transit, *, clock: Clock) -> None:
        """Raises BadKeys."""
        self.where = f"{settings.url.rstrip('/')}/v1/{settings.mount}/keys/{settings.prefix}-*"
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._open: httpx.Client | None = None
        if not settings.url.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
            reason = "keys would pass over the network in clear"
            raise BadKeys(settings.url, reason, "set privacy.transit.url to https://…")

    def known(self) -> Mapping[str, int]:
        """Keys at hand, oldest first. Raises BadKeys, NoAnswer."""
        return self._list("k-")

    def generations(self) -> Mapping[str, int]:
        """Generations of the key of look-ups after the first, oldest first. Raises BadKeys, NoAnswer."""
        return self._list("g-")

    def wrap(self, key: str, plain: bytes, place: bytes) -> bytes:
        """Encrypt a data key for its place. Raises KeyMissing, BadKeys, NoAnswer."""
        body = {"plaintext": _text(plain), "associated_data": _text(place)}
        return str(self._asked(key, f"encrypt/{self._name(key)}", body, "ciphertext")).encode()

    def unwrap(self, key: str, wrapped: bytes, place: bytes) -> bytes:
        """Decrypt a data key. Raises KeyMissing, Unsealed, BadKeys, NoAnswer."""
        try:
            body = {"ciphertext": wrapped.decode("ascii"), "associated_data": _text(place)}
        except UnicodeDecodeError:
            raise Unsealed("not a text of the key service's") from None
        return self._bytes(self._asked(key, f"decrypt/{self._name(key)}", body, "plaintext"))

    def mac(self, purpose: str, message: bytes, *, generation: str = "") -> bytes:
        """Keyed hash of 32 bytes. Raises KeyMissing, BadKeys, NoAnswer."""
        key = generation or _ROOT
        body = {"input": _text(cipher.place(purpose) + b"\n" + message), "key_version": _VERSION}
        found = str(self._asked(key, f"hmac/{self._name(key)}/sha2-256", body, "hmac"))
        digest = self._bytes(found.rpartition(":")[2])
        if len(digest) != _HASH:
            raise self._odd()
        return digest

    def make(self) -> str:
        """Make another key, and the first time the root; its id. Raises BadKeys, NoAnswer."""
        if not self.known():
            self._create(_ROOT)
        key = self._create(self._new("k"))
        wrapped = self.wrap(key, b"trial", b"here")
        try:
            self.unwrap(key, wrapped, b"elsewhere")
        except Unsealed:
            return key
        self.drop(key)
        reason = "it does not bind what a key belongs to"
        raise BadKeys(self.where, reason, "use Vault 1.9 or later, or OpenBao")

    def generate(self) -> str:
        """Make another generation; its id. Raises BadKeys, NoAnswer."""
        return self._create(self._new("g"))

    def drop(self, key: str) -> None:
        """Destroy a key, or a generation. Raises BadKeys, NoAnswer."""
        self._request("POST", f"keys/{self._name(key)}/config", {"deletion_allowed": True})
        self._request("DELETE", f"keys/{self._name(key)}")

    def close(self) -> None:
        """Close connections."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _new(self, letter: str) -> str:
        """An id that says when it was made: the service lists names alone."""
        return f"{letter}-{self._clock.now():014x}-{secrets.token_hex(4)}"

    def _create(self, key: str) -> str:
        self._request("POST", f"keys/{self._name(key)}", {"type": "aes256-gcm96"})
        return key

    def _list(self, letter: str) -> Mapping[str, int]:
        answer = self._request("LIST", "keys", missing=True)
        head = f"{self._settings.prefix}-"
        names = (answer or {}).get("data", {}).get("keys", [])
        found = [str(name).removeprefix(head) for name in names if str(name).startswith(head + letter)]
        return {id_: _made(id_) for id_ in sorted(found) if _made(id_)}

    def _name(self, key: str) -> str:
        return f"{self._settings.prefix}-{key}"

    def _asked(self, key: str, path: str, body: Mapping[str, Any], field: str) -> Any:
        answer = self._request("POST", path, body, key=key)
        found = (answer or {}).get("data", {}).get(field)
        if not isinstance(found, str):
            raise self._odd()
        return found

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str = "",
        missing: bool = False,
    ) -> dict[str, Any] | None:
        import httpx

        for attempt in range(1, _TRIES + 1):
            try:
                answer = self._client().request(
                    method, path, json=body, headers={"X-Vault-Token": self._token()}
                )
            except httpx.HTTPError as error:
                if attempt == _TRIES:
                    raise NoAnswer(self._settings.url, type(error).__name__) from None
                continue
            if answer.status_code >= 500 and attempt < _TRIES:
                continue
            return self._read(answer, key, missing=missing)
        raise AssertionError("the last try returns or raises")

    def _read(self, answer: httpx.Response, key: str, *, missing: bool) -> dict[str, Any] | None:
        """What was answered. Never shown: a body may hold what was encrypted."""
        status = answer.status_code
        if status == 204 or (status == 404 and missing):
            return None
        if len(answer.content) > _LARGEST:
            raise self._odd()
        try:
            found = answer.json()
        except ValueError:
            found = None
        if status == 200 and isinstance(found, dict):
            return found
        told = (
            " ".join(str(one) for one in (found or {}).get("errors", [])) if isinstance(found, dict) else ""
        )
        if status == 403:
            raise BadKeys(self.where, "it does not accept our token", "renew privacy.transit.token_file")
        if status in (400, 404) and "not found" in told:
            raise KeyMissing(key, self.where)
        if status == 400 and ("authentication failed" in told or "invalid ciphertext" in told):
            raise Unsealed("another key, another place, or changed")
        raise NoAnswer(self._settings.url, f"status {status}")

    def _client(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._open is None:
                settings = self._settings
                trusted = ssl.create_default_context(cafile=settings.ca_file)
                logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of each request
                headers = {"X-Vault-Request": "true"}
                if settings.namespace:
                    headers["X-Vault-Namespace"] = settings.namespace
                self._open = httpx.Client(
                    base_url=f"{settings.url.rstrip('/')}/v1/{settings.mount}/",
                    timeout=httpx.Timeout(settings.limit, connect=min(2.0, settings.limit)),
                    verify=trusted,
                    headers=headers,
                    trust_env=False,
                )
            return self._open

    def _token(self) -> str:
        """Read each time: whoever renews it writes the file anew."""
        file = self._settings.token_file
        try:
            return file.read_text().splitlines()[0].strip() if file else ""
        except (OSError, UnicodeDecodeError, IndexError):
            cure = "set privacy.transit.token_file to a file whose first line is a token"
            raise BadKeys(str(file), "the token cannot be read", cure) from None

    def _bytes(self, text: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            raise self._odd() from None

    def _odd(self) -> BadKeys:
        return BadKeys(
            self.where, "it answers as no transit engine does", "correct privacy.transit.url and mount"
        )


def _text(plain: bytes) -> str:
    return base64.b64encode(plain).decode()


def _made(id_: str) -> int:
    try:
        return int(id_.split("-")[1], 16)
    except (IndexError, ValueError):
        return 0  # none of ours
