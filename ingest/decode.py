"""Stage 4: payload → samples in the load's block, events, or a frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from contracts import events, frames, instants, measurements, senml
from contracts.errors import Refused
from contracts.series import LARGEST_VALUE, Series, join_name, split_name
from contracts.topics import Channel, Device
from ingest.gather import Frame, Load
from ingest.mappings import decode as mapped
from ingest.parcel import Parcel, Reason, Verdict, refusal

GAP: Final = "event.gap"
PROBE: Final = "event.probe"
STATUS: Final = "status"
_METRICS: Final[dict[type, str]] = {events.Alarm: measurements.ALARM, events.Gap: GAP, events.Probe: PROBE}


class Decode:
    """Refuses a payload that is not what its channel carries; `judge` takes out what it added by then."""

    def __init__(self) -> None:
        self._names = senml.Names()
        self._by_channel: Final[dict[Channel, Callable[[Parcel, Device, Load], None]]] = {
            Channel.TELEMETRY: self._telemetry,
            Channel.EVENT: _events,
            Channel.FRAME: _frame,
            Channel.STATUS: _status,
        }

    def __call__(self, parcel: Parcel, load: Load) -> Verdict | None:
        if parcel.channel is None or parcel.device is None:
            raise ValueError("route first")
        try:
            self._by_channel[parcel.channel](parcel, parcel.device, load)
        except Refused as error:
            return refusal(Reason.CONTENT, error)
        parcel.end = load.mark()
        return None

    def _telemetry(self, parcel: Parcel, device: Device, load: Load) -> None:
        message = parcel.message
        if (match := parcel.mapped) is not None:
            parcel.samples = mapped.decode(
                message.payload,
                match.mapping,
                match.levels,
                device,
                now=parcel.received,
                block=load.block,
            )
        else:
            parcel.samples = senml.decode(
                message.payload,
                message.content_type.partition(";")[0].strip().lower(),
                device,
                now=parcel.received,
                block=load.block,
                foreign=parcel.entry.names if parcel.entry else (),
                names=self._names,
            )


def _events(parcel: Parcel, device: Device, load: Load) -> None:
    decoded = events.decode(parcel.message.payload)
    taken: set[tuple[Series, int]] = set()
    for event in decoded:
        if isinstance(event, events.Tally):
            load.tallies.append((device, event))
        else:
            if isinstance(event, events.Gap):
                load.gaps.append((device, event))
            series = _series(
                device, _METRICS[type(event)], event.name if isinstance(event, events.Alarm) else ""
            )
            time = event.time
            while (series, time) in taken:  # two of one kind in one µs: neither may hide the other
                time += 1
            taken.add((series, time))
            load.block.append(series, time, _text(event))
        load.events.append((device, event))
    parcel.counts = events.counts(decoded)
    parcel.samples = len(decoded)


def _text(event: events.Event) -> str:
    raw = msgspec.json.encode(event)
    if len(raw) > LARGEST_VALUE:
        raise Refused("event", len(raw), f"at most {LARGEST_VALUE} bytes")
    return raw.decode()


def _frame(parcel: Parcel, device: Device, load: Load) -> None:
    message = parcel.message
    header = frames.Header.parse(message.properties)
    header.check(message.payload)
    kind = message.content_type.partition(";")[0].strip().lower()
    load.frames.append(Frame(device=device, header=header, payload=message.payload, content_type=kind))
    parcel.samples = 1
    parcel.counts = {instants.floor(header.time, instants.HOUR): 1}


def _status(parcel: Parcel, device: Device, load: Load) -> None:
    payload = parcel.message.payload
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise Refused("status", payload[:120], str(error)) from None
    load.block.append(_series(device, STATUS), parcel.received, text)
    parcel.samples = 1
    parcel.counts = {instants.floor(parcel.received, instants.HOUR): 1}


def _series(device: Device, metric: str, instance: str = "") -> Series:
    split_name(join_name(metric, instance))
    return Series(site=device.site, kind=device.kind, device=device.device, metric=metric, instance=instance)
