"""Settings of need-to-know cases."""

from __future__ import annotations

from typing import Annotated

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a case stays open by force, and how often a supervisor looks."""

    forced_minutes: Positive = 60.0  # for which who forced a case open may look into it
    review_days: Positive = 30.0  # between two looks of a supervisor at a case
    review_hours: Positive = 24.0  # within which a forced opening is reviewed
