"""Successive lists of one radio's clients become joins, sessions, failures and rates; no client is named."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

from edge.recorder import Reading
from edge.wifi.counts import Counts
from edge.wifi.stations import Seen
from runtime.clock import Clock

_MOST: Final = 4_096  # clients of a radio that are followed; no access point serves as many
_EDGES: Final = (-80, -70, -60, -50)  # dBm; a client counts for the first that its signal does not exceed
_WRAP: Final = 1 << 32
_LATE: Final = 10.0  # seconds by which an answer may come late: less is no sign of an association between
_SLACK: Final = 2.0  # seconds by which a radio's own count of seconds may differ from ours


class _Client:
    """What is remembered of a client while the agent runs."""

    __slots__ = ("gone", "last", "session")

    def __init__(self, last: Seen, *, session: bool) -> None:
        self.last = last
        self.gone: float | None = None  # monotonic, since when it is missing
        self.session = session  # whether its session is counted


class Track:
    """Follows the clients of one radio. Who is away no longer than `flap` seconds continues his session."""

    def __init__(self, radio: str, counts: Counts, clock: Clock, *, flap: float = 30.0) -> None:
        self._radio = radio
        self._counts = counts
        self._clock = clock
        self._flap = flap
        self._clients: dict[bytes, _Client] = {}
        self._looked: float | None = None
        self._moved = dict.fromkeys(("received", "sent", "frames", "retried", "failed"), 0)
        self._told: set[str] = set()

    def take(self, seen: Iterable[Seen]) -> list[Reading]:
        """What the list says, now and of the time since the one before."""
        now = self._clock.monotonic()
        present = {one.mac: one for one in list(seen)[:_MOST]}
        first = self._looked is None
        away = self._away()
        self._moved = dict.fromkeys(self._moved, 0)
        self._told = set()
        span = None if self._looked is None else now - self._looked
        for mac, one in present.items():
            self._see(mac, one, now, away if first else None, span or 0.0)
        for mac, client in list(self._clients.items()):
            if mac not in present:
                self._miss(mac, client, now)
        self._looked = now
        return list(self._readings(list(present.values()), span))

    def associated(self) -> Iterator[bytes]:
        """Addresses of the clients that the last list held."""
        return (mac for mac, client in list(self._clients.items()) if client.gone is None)

    def _away(self) -> float:
        """Seconds since this radio was last looked at, maybe by an agent before this one; 0: never."""
        time = self._clock.now()
        before = self._counts.looked(self._radio, time)
        return max(0.0, (time - before) / 1e6) if before is not None else 0.0

    def _see(self, mac: bytes, one: Seen, now: float, away: float | None, span: float) -> None:
        client = self._clients.get(mac)
        if client is None:
            known = away is not None and (one.connected is None or one.connected > away + _SLACK)
            client = self._clients[mac] = _Client(one, session=known)
            if not known:
                self._join()
                self._move(one, None)
        elif client.gone is not None:
            client.session = client.session and now - client.gone <= self._flap
            client.gone = None
            self._join()
            self._move(one, None)
        elif _again(client.last, one, span):
            client.session = client.session and span <= self._flap
            self._join()
            self._move(one, None)
        else:
            self._move(one, client.last)
        client.last = one
        if not client.session and one.authorized is not False:
            client.session = True
            self._counts.add("wifi.sessions", self._radio)

    def _miss(self, mac: bytes, client: _Client, now: float) -> None:
        if client.gone is None:
            client.gone = now
            if client.last.authorized is False:
                self._counts.add("wifi.failures", self._radio)
        elif now - client.gone > self._flap:
            del self._clients[mac]

    def _join(self) -> None:
        self._counts.add("wifi.joins", self._radio)

    def _move(self, one: Seen, before: Seen | None) -> None:
        for name in self._moved:
            value = getattr(one, name)
            if value is None:
                continue
            self._told.add(name)
            base = getattr(before, name) if before else 0
            moved = value - (base or 0)
            if moved < 0:  # wrapped where it can, else the radio began anew without a word
                wrapped = one.narrow and one.connected is not None and name in {"received", "sent"}
                moved = moved + _WRAP if wrapped else value
            self._moved[name] += moved

    def _readings(self, present: list[Seen], span: float | None) -> Iterator[Reading]:
        yield Reading(metric="wifi.clients", value=float(len(present)), instance=self._radio)
        signals = [one.signal for one in present if one.signal is not None]
        if signals or not present:
            for edge, number in _histogram(signals).items():
                yield Reading(
                    metric="wifi.signal.clients", value=float(number), instance=f"{self._radio}/{edge}"
                )
        for metric in ("wifi.joins", "wifi.sessions", "wifi.failures"):
            yield Reading(metric=metric, value=self._counts.total(metric, self._radio), instance=self._radio)
        if span:
            yield from self._rates(span, empty=not present)

    def _rates(self, span: float, *, empty: bool) -> Iterator[Reading]:
        """`down` is to the client. What the radio does not tell is absent; without clients nothing moves."""
        for metric, name in (("wifi.throughput.up", "received"), ("wifi.throughput.down", "sent")):
            if empty or name in self._told:
                yield Reading(metric=metric, value=self._moved[name] * 8 / span, instance=self._radio)
        if not self._moved["frames"]:
            return
        for metric, name in (("wifi.retries", "retried"), ("wifi.lost", "failed")):
            if name in self._told:
                share = self._moved[name] / (self._moved["frames"] + self._moved[name])
                yield Reading(metric=metric, value=share, instance=self._radio)


def _again(before: Seen, now: Seen, span: float) -> bool:
    """Whether the client associated anew between two looks, `span` seconds apart, that both saw it."""
    if before.connected is None or now.connected is None:
        return False
    return now.connected < max(before.connected, before.connected + span - _LATE)


def _histogram(signals: Iterable[float]) -> dict[int, int]:
    """Clients by the edge that their signal does not exceed; 0 for those above all."""
    bounds = (*_EDGES, 0)
    found = dict.fromkeys(bounds, 0)
    for signal in signals:
        found[bounds[min(bisect_left(_EDGES, signal), len(_EDGES))]] += 1
    return found
