"""Settings of personal data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

Days = Annotated[float, msgspec.Meta(gt=0)]


class Transit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key service with the transit API of HashiCorp Vault or OpenBao."""

    url: str = "http://127.0.0.1:8200"  # https:// unless it is on this machine
    mount: str = "transit"
    prefix: str = "imm"  # of its keys' names: `imm-root`, `imm-k-…`, `imm-g-…`
    token_file: Path | None = None  # its first line is the token; read again at each request
    namespace: str = ""
    ca_file: Path | None = None  # certificates that vouch for it, instead of the machine's
    limit: Annotated[float, msgspec.Meta(gt=0)] = 5.0  # seconds that one answer may take


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How personal data is encrypted and how long it is kept."""

    holder: Literal["file", "transit"] = "file"  # who holds the key-encryption keys
    keys_file: Path = Path("keys/vault.json")  # mode 0600, in no backup of ours: keep a copy elsewhere
    transit: Transit = Transit()
    keep: dict[str, Days] = {}  # days by kind of record, where they differ from its package's
    sweep: Annotated[float, msgspec.Meta(ge=0.01)] = 3600.0  # seconds between looks for what is too old
