"""The alerts of one device: what holds now, since when; each begins and ends once, over restarts too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Final

import msgspec

from edge.alerts.rule import Rule
from edge.health.word import Raised
from edge.recorder import Reading, Recorder
from edge.state import Folder
from runtime.clock import Clock
from runtime.spool import Full

FILE: Final = "alerts.json"
MOST: Final = 100  # alerts that hold at once; a rule over more parts than that is a mistake
_LONGEST: Final = 64  # characters of an alarm's name
_ABSENT: Final = 600.0  # seconds without a reading after which an alert is over: the part is gone
Key = tuple[str, str]


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that holds."""

    rule: str
    instance: str
    since: int  # µs UTC
    severity: str
    text: str
    value: float | str | bool | None = None

    @property
    def name(self) -> str:
        """Of the alarm; each part of the device has its own."""
        return f"{self.rule}.{self.instance.lower()}"[:_LONGEST] if self.instance else self.rule


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that begins, or is over."""

    alert: Active
    begins: bool


class Board:
    """Judges readings; tells the centre; survives a restart without forgetting what it told."""

    def __init__(self, rules: Iterable[Rule], folder: Folder, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._seen: dict[Key, float] = {}  # when a part was last read (monotonic)
        self._bad: dict[Key, float] = {}  # since when a rule is broken (monotonic)
        self._told: dict[Key, Active] = {}
        with contextlib.suppress(OSError, msgspec.MsgspecError):  # unreadable: as if nothing had been told
            kept = msgspec.json.decode(folder.read(FILE) or b"[]", type=list[Active])
            self._told = {(one.rule, one.instance): one for one in kept}
        self._rules: tuple[Rule, ...] = ()
        self.replace(rules)

    def replace(self, rules: Iterable[Rule]) -> None:
        """Other rules from now on; alerts of a rule that is gone are over."""
        self._rules = tuple(rules)
        self._seen = dict.fromkeys(self._told, self._clock.monotonic())

    @property
    def active(self) -> tuple[Raised, ...]:
        """What holds now, for people."""
        return tuple(
            Raised(name=one.name, severity=one.severity, since=one.since, text=one.text, value=one.value)
            for one in self._told.values()
        )

    def judge(self, readings: Iterable[Reading]) -> list[Turn]:
        """What begins and what is over, by these readings."""
        found = list(readings)
        now = self._clock.monotonic()
        turns: list[Turn] = []
        for rule in self._rules:
            for reading in found:
                if reading.metric == rule.metric and rule.instance in ("", reading.instance):
                    turns += self._one(rule, reading, now)
        known = {rule.name for rule in self._rules}
        for key, alert in list(self._told.items()):
            if key[0] not in known or now - self._seen.get(key, now) > _ABSENT:
                turns.append(Turn(alert=alert, begins=False))
        return turns

    async def tell(self, turns: Iterable[Turn], recorder: Recorder) -> None:
        """Spool an alarm for each, then remember it: after a kill it is told again, never forgotten."""
        changed = False
        for turn in turns:
            alert = turn.alert
            values: dict[str, float | str | bool] = {} if alert.value is None else {"value": alert.value}
            if alert.instance:
                values["instance"] = alert.instance
            try:
                await recorder.alarm(
                    alert.name, severity=alert.severity, text=alert.text, active=turn.begins, values=values
                )
            except Full:
                continue  # the spool counts it as lost; judged again, and told once there is room
            changed = True
            key = alert.rule, alert.instance
            if turn.begins:
                self._told[key] = alert
            else:
                self._told.pop(key, None)
        if changed:
            with contextlib.suppress(OSError):  # a full disk: told again after a restart
                self._folder.write(FILE, msgspec.json.encode(list(self._told.values())))

    def _one(self, rule: Rule, reading: Reading, now: float) -> list[Turn]:
        key = rule.name, reading.instance
        told = self._told.get(key)
        value = reading.value
        if not isinstance(value, float | str | bool):
            return []
        self._seen[key] = now
        if not rule.bad(value, active=told is not None):
            self._bad.pop(key, None)
            return [Turn(alert=msgspec.structs.replace(told, value=value), begins=False)] if told else []
        since = self._bad.setdefault(key, now)
        if told:
            self._told[key] = msgspec.structs.replace(told, value=value)
            return []
        if now - since < rule.for_s or len(self._told) >= MOST:
            return []
        alert = Active(
            rule=rule.name,
            instance=reading.instance,
            since=self._clock.now() - round((now - since) * 1e6),
            severity=rule.severity,
            text=rule.text,
            value=value,
        )
        return [Turn(alert=alert, begins=True)]
