"""Visitors that a test plants, and every form in which one of them could be found again."""

import base64
import re
from collections.abc import Iterable

from contracts.sitekeys import Answer, Key, Refusal

MACS = tuple(bytes.fromhex(f"d83bbf{number:06x}") for number in range(0xABC100, 0xABC100 + 30))
RANDOM = tuple(bytes.fromhex(f"da3bbf{number:06x}") for number in range(0xABC200, 0xABC200 + 10))
NAMES = (b"siti.aminah@example.id", b"081234567890", b"budi-PLANTED")
SECRET = bytes.fromhex("5ec2e7" * 11)[:32]


class Crowd:
    """Who is there now."""

    def __init__(self, macs: Iterable[bytes] = MACS, names: Iterable[bytes] = NAMES) -> None:
        self.macs = list(macs)
        self.names = list(names)

    def associated(self) -> Iterable[bytes]:
        return set(self.macs)

    def users(self) -> Iterable[bytes]:
        return set(self.names)


def a_key(day: str, id_: str = "0" * 16, secret: bytes = SECRET, site: str = "bima") -> Key:
    return Key(site=site, day=day, id=id_, secret=secret)


class Asking:
    """A holder that answers as it is told, again and again with its last word."""

    def __init__(self, *answers: Answer | Refusal | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, ...]] = []

    async def __call__(self, known: tuple[str, ...]) -> Answer | Refusal:
        self.asked.append(known)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def forms(secret: bytes) -> set[bytes]:
    """How somebody may have written these bytes."""
    raw = secret.hex()
    pairs = [raw[place : place + 2] for place in range(0, len(raw), 2)]
    written = {raw, ":".join(pairs), "-".join(pairs), str(int.from_bytes(secret)), repr(secret)[2:-1]}
    written |= {f"{one.upper()}" for one in written}
    found = {secret, *(one.encode() for one in written)}
    for shift in range(3):  # base64 of it anywhere within something longer
        inner = base64.b64encode(b"\0" * shift + secret)[4 if shift else 0 : -4]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")} if len(inner) >= 8 else set()
    return {one for one in found if len(one) >= 6}


def traces(haystack: bytes) -> list[bytes]:
    """Of which planted visitors, and of the key, something is there."""
    planted = (*MACS, *RANDOM, *NAMES, SECRET)
    needles = {form: one for one in planted for form in forms(one)}
    pattern = re.compile(b"|".join(re.escape(form) for form in sorted(needles, key=len, reverse=True)))
    return sorted({needles[found] for found in pattern.findall(haystack)})
