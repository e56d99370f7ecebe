"""Settings of the web shell."""

from __future__ import annotations

import msgspec


class Pace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often something may happen."""

    a_second: float  # for as long as one likes
    burst: int  # at once, after a quiet time


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the API and the pages."""

    address: Pace = Pace(a_second=100.0, burst=1_000)  # many people may share one
    caller: Pace = Pace(a_second=50.0, burst=500)  # who is signed in, or an app
    body: int = 1_048_576  # bytes of a request; routes that take files name their own
