"""Which processes `imm up` keeps alive."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.processes.children import children
from app.settings import Settings
from devices.sitekeys.settings import Settings as Keys


def names(**rest: Any) -> list[str]:
    return [child.name for child in children(Settings(**rest), None, None, {})]


@pytest.mark.parametrize("engine", ["embedded", "influx"])
def test_keys_are_held_by_a_process_of_their_own_where_they_have_a_certificate(engine: str) -> None:
    store = msgspec.structs.replace(Settings().store, engine=engine)
    without = names(store=store)
    assert "keys" not in without
    assert names(store=store, keys=Keys(certificate_file=Path("keys.pem"))) == ["keys", *without]
