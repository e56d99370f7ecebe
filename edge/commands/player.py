"""`set-volume`, `show-override`: what a player offers the desk; without one both are refused."""

from __future__ import annotations

from typing import Any, Protocol

from contracts.commands import Command, SetVolume, ShowOverride, Type
from edge.commands.executor import Executor, Telling


class Player(Protocol):
    """Whoever plays on this device. Both raise errors.Refusal where they cannot."""

    async def loudness(self, percent: int, *, seconds: int) -> None:
        """Play this loud, for so many seconds or, at 0, until the next change."""
        ...

    async def override(self, text: str, *, media: str, seconds: int) -> None:
        """Show this instead of what is planned."""
        ...


def plug(executor: Executor, player: Player) -> None:
    """Let the player do its commands."""

    async def volume(command: Command, _: Telling) -> dict[str, Any]:
        what = command.what
        assert isinstance(what, SetVolume)  # noqa: S101 - by its registration
        await player.loudness(what.percent, seconds=what.seconds)
        return {"percent": what.percent}

    async def show(command: Command, _: Telling) -> dict[str, Any]:
        what = command.what
        assert isinstance(what, ShowOverride)  # noqa: S101 - by its registration
        await player.override(what.text, media=what.media, seconds=what.seconds)
        return {}

    executor.register(Type.SET_VOLUME, volume)
    executor.register(Type.SHOW_OVERRIDE, show)
