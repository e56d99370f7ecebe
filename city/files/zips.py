"""Archives are looked at before anything in them is opened: how much, how deep, and of what kind."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath
from typing import Final

import msgspec

from city.files.errors import Unfit
from contracts.judgements import Text

_ENCRYPTED: Final = 0x1  # flag of an entry
_PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SMALL: Final = 10_000_000  # bytes below which no ratio is a danger
_DAMAGED: Final = Text(id="berkas rusak atau terpotong", en="the file is damaged or cut off")
_BOMB: Final = Text(
    id="isi berkas terlalu besar jika dibuka", en="what the file holds is too large once opened"
)
_LOCKED: Final = Text(id="berkas terkunci dengan kata sandi", en="the file is encrypted")
_MACRO: Final = Text(id="berkas berisi makro atau berkas lain", en="the file holds macros or other files")
_OTHER: Final = Text(id="ini bukan buku kerja Excel (.xlsx)", en="this is no Excel workbook (.xlsx)")
_INSIDE: Final = ("xl/vbaProject", "xl/embeddings/", "xl/activeX/", "xl/macrosheets/")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much an archive may hold."""

    entries: int = 2_000
    expanded: int = 100_000_000  # bytes of all entries together
    ratio: int = 150  # expanded to packed, where it is much at all


def check(body: bytes, name: str, limits: Limits | None = None) -> list[str]:
    """Names of the entries of an archive that may be opened. Raises Unfit.

    The sizes are those that it declares: Python's reader ends an entry there, whatever is packed in it.
    """
    limits = limits or Limits()
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, OverflowError):
        raise Unfit(name, _DAMAGED) from None
    first = min((entry.header_offset for entry in entries), default=-1)
    if first != 0 or not body.startswith(b"PK\x03\x04") or not body[-22:].startswith(b"PK\x05\x06"):
        raise Unfit(name, _DAMAGED)  # something stands before or behind: a file of two kinds
    expanded = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > limits.entries or expanded > limits.expanded or packed > len(body):
        raise Unfit(name, _BOMB)
    if expanded > _SMALL and expanded > limits.ratio * max(1, packed):
        raise Unfit(name, _BOMB)
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names) or any(map(_strange, names)):
        raise Unfit(name, _DAMAGED)
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise Unfit(name, _LOCKED)
    if any(entry.compress_type not in _PACKED for entry in entries):
        raise Unfit(name, _DAMAGED)
    return names


def workbook(body: bytes, name: str, limits: Limits | None = None) -> None:
    """Refuse what is no plain Excel workbook. Raises Unfit."""
    names = check(body, name, limits)
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= set(names):
        raise Unfit(name, _OTHER)
    if any(
        entry.startswith(_INSIDE) or entry.lower().endswith((".zip", ".exe", ".bin.exe")) for entry in names
    ):
        raise Unfit(name, _MACRO)


def _strange(name: str) -> bool:
    return name.startswith(("/", "\\")) or "\\" in name or ".." in PurePosixPath(name).parts
