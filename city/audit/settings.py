"""Settings of the audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

Days = Annotated[float, msgspec.Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the audit trail is sealed and how long it is kept."""

    witness: Path = Path("audit")  # folder of the files with each seal's hash: best on another disk
    every: Annotated[float, msgspec.Meta(ge=0.01)] = 5.0  # seconds between looks for what is not sealed yet
    most: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 1_000  # entries in one seal
    lease: Annotated[float, msgspec.Meta(gt=0)] = 30.0  # seconds; then another follows one that was killed
    keep: Days = 5 * 365.0  # days
    keep_protected: Days = 10 * 365.0  # days; entries of need-to-know cases
    sweep: Annotated[float, msgspec.Meta(ge=0.01)] = 3600.0  # seconds between looks for what is too old
