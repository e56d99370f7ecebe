"""Bytes → records: JSON and CBOR become the same list of dictionaries under the JSON labels."""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn

from contracts.errors import Refused
from contracts.senml.labels import LABELS

Record = dict[str, Any]
_DEEPEST: Final = 16  # levels; a pack has two, fields that we do not know may have some more
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*={0,2}")
_KNOWN: Final = frozenset(LABELS.values())


def json_records(payload: bytes) -> list[Record]:
    """JSON pack → records; `vd` as bytes. Raises Refused."""
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise Refused(
            "payload", payload[error.start : error.start + 20], f"not UTF-8: {error.reason}"
        ) from None
    try:
        records = json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)
    except json.JSONDecodeError as error:
        around = text[max(0, error.pos - 20) : error.pos + 20]
        raise Refused("payload", around, f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Refused("payload", text[:40], "nested too deeply") from None
    except Refused:
        raise
    except ValueError as error:  # an integer of more digits than Python reads
        raise Refused("payload", text[:40], str(error)) from None
    for record in _checked(records):
        if "vd" in record:
            record["vd"] = _data(record["vd"])
    return _checked(records)


def cbor_records(payload: bytes) -> list[Record]:
    """CBOR pack → records under the JSON labels. Raises Refused."""
    import cbor2  # a small device that only speaks JSON never loads it

    try:
        stream = io.BytesIO(payload)
        decoder = cbor2.CBORDecoder(
            stream,
            semantic_decoders=_TAGS,
            max_depth=_DEEPEST,
            allow_indefinite=False,  # RFC 8428 6: definite lengths, but for streams
            allow_duplicate_keys=False,
        )
        records = decoder.decode()
    except cbor2.CBORDecodeError as error:
        cause = error.__cause__
        raise Refused("payload", payload[:40], f"not a CBOR pack: {cause or error}") from None
    except (ValueError, ArithmeticError, TypeError, RecursionError, MemoryError) as error:
        raise Refused("payload", payload[:40], f"not a CBOR pack: {error}") from None
    if stream.tell() != len(payload):
        raise Refused("payload", payload[stream.tell() :][:40], "bytes after the pack's end")
    return [_relabelled(record) for record in _checked(records)]


def _checked(records: Any) -> list[Record]:
    if not isinstance(records, list):
        raise Refused("payload", records, "a pack is an array of records")
    for record in records:
        if not isinstance(record, dict):
            raise Refused("record", record, "a record is an object")
    return records


def _unique(pairs: list[tuple[str, Any]]) -> Record:
    record = dict(pairs)
    if len(record) != len(pairs):
        seen: set[str] = set()
        for label, value in pairs:
            if label in seen:
                raise Refused(label, value, "given twice in one record")
            seen.add(label)
    return record


def _constant(text: str) -> NoReturn:
    raise Refused("payload", text, "JSON has no such number")


def _data(value: Any) -> bytes:
    if not isinstance(value, str) or not _BASE64URL.fullmatch(value):
        raise Refused("vd", value, "base64 with the URL-safe alphabet")
    bare = value.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error as error:
        raise Refused("vd", value, str(error)) from None


def _relabelled(record: dict[Any, Any]) -> Record:
    labelled: Record = {}
    for label, value in record.items():
        if type(label) is int:
            labelled[LABELS.get(label, str(label))] = value
        elif type(label) is str:
            if label in _KNOWN:
                raise Refused(label, value, "in CBOR this label is an integer (RFC 8428 6)")
            labelled[label] = value
        else:
            raise Refused("label", label, "an integer or a text string")
    return labelled


def _refusing(tag: int) -> Callable[..., NoReturn]:
    def refuse(*_: object) -> NoReturn:
        raise ValueError(f"tag {tag} has no place in a pack")

    return refuse


# Of the tags that cbor2 follows, a pack needs decimal fractions (4) and, leniently, big numbers (2, 3); the
# rest could build objects of a size or cost that their bytes do not show.
_TAGS: Final = {
    tag: _refusing(tag)
    for tag in (0, 1, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799)
}
