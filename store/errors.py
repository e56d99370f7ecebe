"""What can go wrong in the store, and what to do next. No vendor's error leaves the package."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.errors import shown

_LISTED = 3  # rejected rows whose reasons a message shows


class Failure(Exception):
    """Root of the store's errors."""


class Retry(Failure):
    """Nothing was promised; the same call may succeed in `after` seconds."""

    def __init__(self, what: str, *, after: float = 1.0) -> None:
        self.after = after
        super().__init__(f"{what}; try again in {after:g} s")


class Rejected(Failure):
    """Some rows will never be taken: `rows` gives each one's reason. Send the others again without them."""

    def __init__(self, rows: Mapping[int, str]) -> None:
        self.rows = dict(rows)
        first = "; ".join(f"row {row}: {shown(why)}" for row, why in list(self.rows.items())[:_LISTED])
        super().__init__(f"{len(self.rows)} rows rejected: {first}")


class Gone(Failure):
    """What is asked for is not here, or cannot be reached as the store is set; `cure` says what to do."""

    def __init__(self, what: str, *, cure: str) -> None:
        self.what = what
        self.cure = cure
        super().__init__(f"{what}: {cure}")


class Owned(Gone):
    """The embedded file belongs to another process."""

    def __init__(self, path: str, *, owner: str = "") -> None:
        self.path = path
        self.owner = owner  # process id where it is known
        super().__init__(
            f"{path} is held by another process{f' ({owner})' if owner else ''}",
            cure='stop it, ask its API instead, or set store.engine = "influx" to run separate processes',
        )
