"""The word as an engineer reads it on the roof: what is, since when, why, and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Final

from contracts.instants import to_datetime
from edge.health import boot
from edge.health.tend import span
from edge.health.word import State, Word

_WIB: Final = timezone(timedelta(hours=7), "WIB")  # Asia/Jakarta; a small system has no table of zones
FRESH: Final = 30.0  # seconds; an older word means that the agent hangs or is gone
_KNOWN: Final = datetime(2020, 1, 1, tzinfo=_WIB)  # before it no time was known


def age(said: Word) -> float | None:
    """Seconds since the word was written; None where the machine was started again since."""
    return max(0.0, boot.uptime() - said.uptime) if said.boot == boot.boot() else None


def runs(said: Word) -> bool:
    """Whether the agent that left this word is there and speaks."""
    old = age(said)
    return old is not None and old < FRESH and _exists(said.pid)


def well(said: Word) -> bool:
    """Whether nothing needs a person."""
    return all([runs(said), said.connection.ok, said.clock.ok, not said.alerts, *(p.ok for p in said.parts)])


def lines(said: Word) -> Iterator[str]:
    """What to print."""
    yield f"{said.device} in {said.site}, imm-edge {said.version}"
    yield from _row("agent", runs(said), _agent(said))
    yield from _state(said.connection, said, "connected")
    yield from _state(said.clock, said, "known")
    for part in said.parts:
        yield from _state(part, said, "well")
    yield from _row("queue", True, _queue(said))
    if said.queue.shed:
        shed = ", ".join(f"{count} of {channel}" for channel, count in said.queue.shed.items())
        yield from _row("given up", False, f"{shed} since the start; each is declared to the centre")
    if said.queue.stride > 1:
        yield from _row("thinned", True, f"one of {said.queue.stride} readings is recorded, to last longer")
    for alert in said.alerts:
        value = "" if alert.value is None else f" (now {alert.value})"
        text = f"{alert.severity} for {span((said.time - alert.since) / 1e6)}: {alert.text}{value}"
        yield from _row(alert.name, False, text)
    if said.trouble:
        yield from _row(
            "last error", True, f"{_at(said.trouble.time)}  {said.trouble.text}", said.trouble.cure
        )


def _agent(said: Word) -> str:
    old = age(said)
    if old is None:
        return f"has not run since the machine was started; its last word is of {_at(said.time)}"
    if not runs(said):
        return f"does not run, or hangs: its last word is {span(old)} old"
    return f"runs for {span((said.time - said.started) / 1e6)}, its word is {span(old)} old"


def _state(state: State, said: Word, good: str) -> Iterator[str]:
    since = f"{span((said.time - state.since) / 1e6)}, since {_at(state.since)}"
    what = (
        f"{good} for {since}" if state.ok else f"not {good} for {since}: {state.reason or 'no reason told'}"
    )
    yield from _row(state.name, state.ok, what, state.cure)


def _queue(said: Word) -> str:
    queue = said.queue
    waiting = sum(queue.batches.values())
    if not waiting:
        return "nothing waits"
    by_lane = ", ".join(f"{count} {lane}" for lane, count in queue.batches.items() if count)
    share = 100 * queue.bytes / queue.limit_bytes
    oldest = span((said.time - queue.oldest) / 1e6)
    return f"{waiting} batches wait ({by_lane}), the oldest for {oldest}; {share:.1f} % of its space"


def _row(name: str, ok: bool, text: str, cure: str = "") -> Iterator[str]:  # noqa: FBT001 - a table's cell
    yield f"  {'  ' if ok else '! '}{name:<12} {text}"
    if cure:
        yield f"    {'':<12} do: {cure}"


def _at(micros: int) -> str:
    moment = to_datetime(micros).astimezone(_WIB)
    return moment.strftime("%d %b %H:%M:%S WIB") if moment >= _KNOWN else "before the time was known"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's: it is there
        return True
    return True
