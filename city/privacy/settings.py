"""Settings of personal data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

Days = Annotated[float, msgspec.Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How personal data is encrypted and how long it is kept."""

    holder: Literal["file"] = "file"  # who holds the key-encryption keys
    keys_file: Path = Path("keys/vault.json")  # mode 0600, in no backup of ours: keep a copy elsewhere
    keep: dict[str, Days] = {}  # days by kind of record, where they differ from its package's
    sweep: Annotated[float, msgspec.Meta(ge=0.01)] = 3600.0  # seconds between looks for what is too old
