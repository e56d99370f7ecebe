"""What can go wrong with a broker."""

from __future__ import annotations


class Failure(Exception):
    """A broker that cannot run: says what, why, and what to do."""

    def __init__(self, what: str, why: str, cure: str) -> None:
        self.what = what
        self.why = why
        self.cure = cure
        super().__init__(f"{what}: {why}; {cure}")
