"""Settings of files."""

from __future__ import annotations

from pathlib import Path

import msgspec

from contracts.instants import DAY, HOUR, SECOND


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the contents of files lie, and how long; times in seconds."""

    place: str = "files"  # a folder, or any S3: `s3://bucket/prefix`
    endpoint: str = ""  # address of the S3 service; empty: that of AWS
    region: str = ""  # of the S3 service, where it has several
    access_key_file: Path | None = None  # two lines: the S3 account's access key and its secret
    link: float = 300.0  # for which a link to one file holds
    links_file: Path = Path("keys/links")  # signs links; made at the first start
    linger: float = HOUR / SECOND  # after which a content that nobody refers to is removed
    abandoned: float = DAY / SECOND  # after which an upload that was never kept is removed
    sweep: float = 300.0  # between looks for what to remove
