"""Errors of the vault and of what is done with a person's data. None of them shows what is protected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import city.errors


class Failure(city.errors.Failure):
    """Root of this package's errors."""


class Unknown(Failure, LookupError):
    """The vault has no such record."""

    def __init__(self, kind: str, record: str) -> None:
        self.field = kind
        self.value = record
        self.reason = "the vault has no such record"
        super().__init__(f"the vault has no record {record} of {kind}")


class Erased(Failure, LookupError):
    """The record's key was destroyed: nobody can read it any more, nor write to it."""

    def __init__(self, kind: str, record: str) -> None:
        self.field = kind
        self.value = record
        self.reason = "its data was erased"
        super().__init__(f"the data of {kind} {record} was erased")


class Damaged(Failure):
    """What lies there is not what was sealed: changed, or put in another's place."""

    def __init__(self, kind: str, record: str, field: str) -> None:
        self.kind = kind
        self.record = record
        self.field = field
        self.what = "a sealed field cannot be opened"
        self.cure = "run `imm audit verify`, and restore the record from a backup"
        super().__init__(f"{field or 'the key'} of {kind} {record} is not what was sealed")


class Taken(Failure):
    """Another record has this value, which only one may have."""

    def __init__(self, name: str) -> None:
        self.field = name
        self.value = "(hidden)"
        self.reason = "another record has it already"
        super().__init__(f"another record has this {name} already")


class KeyMissing(Failure):
    """A key-encryption key that the database needs is not at hand."""

    def __init__(self, key: str, where: Path | str) -> None:
        self.key = key
        self.where = where
        self.what = "personal data cannot be opened"
        self.cure = f"put the key file back from where you keep its copy: {where}"
        if isinstance(where, str):
            self.cure = "restore the key service's own backup, or correct privacy.transit"
        super().__init__(f"the key {key} is not in {where}")


class BadKeys(Failure):
    """The key file or the key service cannot be used. `cure` says what to do."""

    def __init__(self, where: Path | str, reason: str, cure: str) -> None:
        self.where = where
        self.reason = reason
        self.what = "the key file cannot be used" if isinstance(where, Path) else "the keys cannot be used"
        self.cure = cure
        super().__init__(f"{where}: {reason}")


class NoAnswer(Failure, city.errors.Unavailable):
    """The key service did not answer in time. Whoever waits for a database that is away waits for it too."""

    def __init__(self, url: str, reason: str) -> None:
        self.reason = reason
        self.after = 1.0  # seconds
        self.what = "the key service does not answer"
        self.cure = f"look whether it runs and is unsealed: {url}"
        Exception.__init__(self, f"{url}: {reason}")


class InUse(Failure):
    """The key is needed still."""

    def __init__(self, key: str, reason: str) -> None:
        self.key = key
        self.what = f"{key} cannot be retired"
        self.cure = "run `imm keys rotate` first, then `imm keys status`"
        super().__init__(reason)


class Leftover(Failure):
    """Nothing was erased: no package says what becomes of this person's data of these kinds."""

    def __init__(self, subject: str, kinds: Iterable[str]) -> None:
        self.subject = subject
        self.kinds = tuple(sorted(kinds))
        self.cure = "give the packages that seal these kinds a hook (Contribution.subjects)"
        super().__init__(f"no hook erases or keeps {', '.join(self.kinds)} of {subject}")


KNOWN: Final[Mapping[type[Exception], int]] = {
    Unknown: 404,
    Erased: 410,
    Taken: 409,
    InUse: 409,
    Damaged: 500,
    KeyMissing: 503,
    BadKeys: 503,
    NoAnswer: 503,
    Leftover: 500,
}
