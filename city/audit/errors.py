"""Errors of the audit trail."""

from __future__ import annotations

from pathlib import Path

import city.errors


class Failure(city.errors.Failure):
    """Root of this package's errors."""


class Broken(Failure):
    """The database is not the one whose seals were witnessed: nothing more is sealed until someone looks."""

    def __init__(self, chain: str, seal: int, reason: str) -> None:
        self.chain = chain
        self.seal = seal
        self.reason = reason
        self.what = "the audit trail cannot be sealed"
        self.cure = "run `imm audit verify`; where a backup was put back, declare it: `imm audit restored`"
        super().__init__(f"chain {chain}, seal {seal}: {reason}")


class Unwritable(Failure):
    """The file outside the database cannot be written or read."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        self.what = "the witness of the audit trail is not there"
        self.cure = "correct the setting audit.witness, or the rights of what it names"
        super().__init__(f"{path}: {reason}")
