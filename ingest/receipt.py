"""Which receipts a durable write calls for: exactly what this worker made durable, and nothing between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contracts import ranges
from contracts.events import Gap
from contracts.receipts import MOST_RANGES, Receipt
from contracts.topics import Channel, Device
from ingest.parcel import Parcel


def receipts(
    parcels: Iterable[Parcel], gaps: Iterable[tuple[Device, Gap]] = ()
) -> Iterator[tuple[str, Receipt]]:
    """Receipt topic and receipt for each stream and epoch; several where its ranges are too many for one."""
    seen: dict[tuple[str, str, int], list[ranges.Range]] = {}
    devices: dict[str, Device] = {}
    for parcel in parcels:
        if parcel.sequence is None or parcel.device is None:
            continue
        sequence = parcel.sequence
        devices[parcel.device.device] = parcel.device
        key = (parcel.device.device, sequence.stream.channel, sequence.epoch)
        seen.setdefault(key, []).append((sequence.seq, sequence.seq))
    for device, gap in gaps:
        devices[device.device] = device
        seen.setdefault((device.device, gap.channel, gap.epoch), []).extend(gap.ranges)
    for (device_id, channel, epoch), parts in seen.items():
        whole = ranges.union(parts)
        topic = devices[device_id].topic(Channel.RECEIPT)
        for first in range(0, len(whole), MOST_RANGES):
            part = whole[first : first + MOST_RANGES]
            yield topic, Receipt(stream=f"{device_id}/{channel}", epoch=epoch, ranges=part)
