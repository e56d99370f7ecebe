"""A person's rights over files about him: a list of them to hand to him, and their erasure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from city.files.store import Files
from city.files.vault import FILE
from city.privacy import Hook, Outcome


def hook(files: Files, kept: Mapping[str, str] | None = None) -> Hook:
    """Hook of all files; `kept`: use → ground on which its files stay, for people to read."""
    grounds = kept or {}

    def export(tx: Connection, subject: str) -> Mapping[str, Sequence[Any]]:
        found = [msgspec.to_builtins(file) for file in files.of(tx, subject=subject)]
        return {FILE: found} if found else {}

    def erase(tx: Connection, subject: str) -> Sequence[Outcome]:
        stay: Counter[str] = Counter()
        gone = 0
        for file in files.of(tx, subject=subject):
            if ground := grounds.get(file.use):
                stay[ground] += 1
            else:
                files.drop(tx, file.id)
                gone += 1
        kept = [Outcome(kind=FILE, kept=count, why=ground) for ground, count in sorted(stay.items())]
        return [Outcome(kind=FILE, erased=gone), *kept] if gone else kept

    return Hook(name="files", export=export, erase=erase)
