"""An agent that was not started by its unit takes no updates, and says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner

from contracts.commands import Command, Type, UpdateAgent
from edge.cli import edge
from edge.commands import Refusal
from edge.updates.plug import plug


class Control:
    """Remembers what is registered."""

    def __init__(self) -> None:
        self.executor = self
        self.handlers: dict[Type, Any] = {}

    def register(self, type_: Type, handler: Any) -> None:
        self.handlers[type_] = handler


async def test_without_slots_it_says_how_to_have_them() -> None:
    control = Control()
    plug(cast("Any", None), cast("Any", control), environment={})
    command = Command(id="c-1", what=UpdateAgent(version="2.0"), issued=1, expires=2)
    with pytest.raises(Refusal, match="imm-edge unit"):
        await control.handlers[Type.UPDATE_AGENT](command, None)


def test_the_unit_names_a_place_that_does_not_depend_on_where_one_stands() -> None:
    done = CliRunner().invoke(edge, ["unit", "kiosk", "--config", "box/agent.toml"])
    assert f"--config {Path.cwd() / 'box/agent.toml'}" in done.output
    assert "IMM_EDGE_SLOTS=" in done.output
