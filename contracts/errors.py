"""The one error that refuses input: it names the field, the value and the reason."""

from __future__ import annotations

_SHOWN = (
    120  # characters of a refused value that an error shows: enough to recognise it, too few to flood a log
)


class Refused(ValueError):
    """Input that breaks a contract. Not retryable: the sender must change `field`."""

    def __init__(self, field: str, value: object, reason: str) -> None:
        self.field = field
        self.value = shown(value)
        self.reason = reason
        super().__init__(f"{field}: {reason} (got {self.value})")


def shown(value: object) -> str:
    """Value as one printable line of at most 120 characters, control characters escaped."""
    text = value if isinstance(value, str) else repr(value)
    clean = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[: _SHOWN + 1])
    return clean if len(clean) <= _SHOWN else clean[: _SHOWN - 1] + "…"
