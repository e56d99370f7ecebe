"""How a device joins the fleet: the claim that a person hands it, what it asks with, what it is given."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import msgspec

from contracts.errors import Refused
from contracts.senml.names import base_name
from contracts.topics import Kind, name

PATH: Final = "/api/v1/enrolments"
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to be misread
HANDLE: Final = 6  # symbols by which a claim is found; those after it are its secret
SYMBOLS: Final = 16
LARGEST_CSR: Final = 4_096  # characters of a request in PEM; one of ours has 400
SCHEME: Final = "imm-enrol"
_ALIKE: Final = str.maketrans("ILO", "110")
_PIN: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST: Final = 1_000  # characters of a claim's text


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a device sends to join."""

    code: str
    csr: str  # PKCS #10 in PEM; its private key never leaves the device
    hardware: dict[str, str] = {}  # what it says of itself: model, serial, memory
    versions: dict[str, str] = {}  # agent, python, system


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """Where the device connects."""

    host: str
    port: int
    tls: bool = True


class Updates(msgspec.Struct, frozen=True, kw_only=True):
    """By whose word, and from where, the device takes new versions of itself; without keys it takes none."""

    keys: tuple[str, ...] = ()  # Ed25519, base64
    source: str = ""  # address under which versions lie
    trusted: str = ""  # PEM: who vouches for that address; empty: the system's authorities


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a device is given; the same for the same request with the same code."""

    device: str
    kind: Kind
    site: str
    title: str
    certificate: str  # its chain in PEM, its own first
    trusted: str  # PEM: authorities whose brokers it may believe
    broker: Broker
    serial: str  # of its certificate, hex
    renew: int  # µs UTC from when it is renewed
    ends: int  # µs UTC
    updates: Updates = Updates()


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a person hands to a device, in one text: where to ask, whom to believe there, and the code."""

    code: str
    server: str = ""  # https://…; empty: the device knows
    pin: str = ""  # SHA-256 of the server's public key (its SubjectPublicKeyInfo), hex; empty: by authorities

    def __post_init__(self) -> None:
        if self.pin and not _PIN.fullmatch(self.pin):
            raise Refused("pin", self.pin, "64 hex digits, the SHA-256 of the server's public key")
        if self.server:
            address(self.server)


def text(claim: Claim) -> str:
    """Claim → one line, fit for a QR code."""
    asked = {"server": claim.server, "pin": claim.pin}
    query = urlencode({key: value for key, value in asked.items() if value}, quote_via=quote, safe=":/")
    return f"{SCHEME}:{shown(claim.code)}{'?' if query else ''}{query}"


def parse(line: str) -> Claim:
    """Inverse of text; a code alone is a claim too. Raises Refused."""
    line = line.strip()
    if len(line) > _LONGEST:
        raise Refused("claim", line, f"at most {_LONGEST} characters")
    if not line.lower().startswith(f"{SCHEME}:"):
        return Claim(code=code(line))
    given, _, query = line[len(SCHEME) + 1 :].partition("?")
    try:
        found = parse_qs(query, strict_parsing=bool(query), max_num_fields=4)
    except ValueError:
        raise Refused("claim", "(not shown)", "copy it whole, as it was shown") from None
    return Claim(code=code(given), server=found.get("server", [""])[0], pin=found.get("pin", [""])[0].lower())


def code(typed: str) -> str:
    """A code as a person may type it → as it counts. Raises Refused, without the code."""
    plain = re.sub(r"[\s-]", "", typed).upper().translate(_ALIKE)
    if len(plain) != SYMBOLS or not plain.isascii() or set(plain) - set(ALPHABET):
        raise Refused("code", "(not shown)", f"{SYMBOLS} letters and digits, such as 7K3M-Q9XT-2VBW-H4PD")
    return plain


def shown(plain: str) -> str:
    """A code as people read it, in fours."""
    return "-".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def address(server: str) -> str:
    """A server's address without the slash at its end. Raises Refused."""
    try:
        parts = urlsplit(server)
        fits = parts.scheme in {"https", "http"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fits, parts = False, urlsplit("")
    if not fits or parts.query or parts.fragment or parts.username or not server.isprintable():
        raise Refused("server", server, "an address such as https://imm.example.id")
    return server.rstrip("/")


def urn(device: str) -> str:
    """A device's name in certificates (RFC 9039), as in SenML."""
    return base_name(name("device", device)).rstrip(":")
