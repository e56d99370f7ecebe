"""Asking the platform under test as its own command line does: by the key that `imm up` leaves for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx


class Api:
    """The API of one platform."""

    def __init__(self, address: str, key: Path) -> None:
        self.address = address
        self._key = key

    @property
    def headers(self) -> dict[str, str]:
        """What says who asks."""
        return {"Authorization": f"Bearer {self._key.read_text(encoding='utf-8').strip()}"}

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """An answer. Raises httpx.HTTPError."""
        answer = httpx.get(
            f"{self.address}{path}", params=dict(params or {}), headers=self.headers, timeout=60
        )
        answer.raise_for_status()
        return answer.json()
