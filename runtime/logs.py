"""Logs on stderr, for people or as JSON lines; text from outside is cleaned and cut before it gets there."""

from __future__ import annotations

import logging
import sys
from typing import Final

import msgspec

from contracts import instants

_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(*, json: bool = False, level: str = "INFO") -> None:
    """Send every logger's records to stderr. Replaces what was configured before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if json else _Plain())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)


def clean(text: object, most: int = 200) -> str:
    """Text as one printable line of at most `most` characters, control characters escaped."""
    raw = text if isinstance(text, str) else str(text)
    line = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in raw[: most + 1])
    return line if len(line) <= most else line[: most - 1] + "…"


def _time(record: logging.LogRecord) -> str:
    return instants.to_rfc3339(int(record.created * 1_000) * 1_000)


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        extra = "".join(f" {key}={value}" for key, value in _extra(record).items())
        line = f"{_time(record)} {record.levelname:<7} {record.name}: {record.getMessage()}{extra}"
        return line + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields, enc_hook=str).decode()


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _PLAIN}
