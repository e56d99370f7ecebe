"""Signatures after Standard Webhooks, and the secrets that make them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

from contracts.cloudevents import CONTENT_TYPE
from contracts.instants import SECOND

_BYTES: Final = 32
_PREFIX: Final = "whsec_"


def secret() -> str:
    """A new secret, in the form that libraries for receivers take."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(secrets_: Sequence[str], *, key: str, body: str, now: int) -> dict[str, str]:
    """Headers of one attempt: `key` stays the same over all attempts, time (µs UTC) and signature do not.

    Each secret adds a signature, so that a receiver may change to a new one at any time of the overlap.
    """
    seconds = now // SECOND
    moment = datetime.fromtimestamp(seconds, UTC)
    signatures = [Webhook(one).sign(key, moment, body) for one in secrets_]
    return {
        "content-type": CONTENT_TYPE,
        "webhook-id": key,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signatures),
    }
