"""Every example of RFC 8428 in JSON and CBOR (not XML, EXI), with what it must resolve to."""

import json
from pathlib import Path
from typing import Any

import cbor2
import pytest

from contracts import senml
from contracts.batches import CBOR, JSON
from contracts.senml.labels import LABELS
from contracts.series import Block, Data, Value
from contracts.topics import Device, Kind

NOW = 1_764_547_200_000_000
DEVICE = Device(site="bima", kind=Kind.SENSOR, device="thermostat-1")
FOREIGN = ("urn:dev:ow:10e2073a01080063", "urn:dev:ow:10e2073a0108006:")
EXAMPLES = json.loads(Path(__file__).with_name("rfc8428.json").read_text())
DUMP = """
87 a7 21 78 1b 75 72 6e 3a 64 65 76 3a 6f 77 3a 31 30 65 32 30 37 33 61 30 31 30 38 30 30 36 3a
22 fb 41 d3 03 a1 5b 00 10 62 23 61 41 20 05 00 67 76 6f 6c 74 61 67 65 01 61 56 02 fb 40 5e 06
66 66 66 66 66 a3 00 67 63 75 72 72 65 6e 74 06 24 02 fb 3f f3 33 33 33 33 33 33 a3 00 67 63 75
72 72 65 6e 74 06 23 02 fb 3f f4 cc cc cc cc cc cd a3 00 67 63 75 72 72 65 6e 74 06 22 02 fb 3f
f6 66 66 66 66 66 66 a3 00 67 63 75 72 72 65 6e 74 06 21 02 f9 3e 00 a3 00 67 63 75 72 72 65 6e
74 06 20 02 fb 3f f9 99 99 99 99 99 9a a3 00 67 63 75 72 72 65 6e 74 06 00 02 fb 3f fb 33 33 33
33 33 33
"""


def resolved(payload: bytes, content_type: str) -> list[tuple[str, str, int, Value]]:
    block = Block()
    count = senml.decode(payload, content_type, DEVICE, now=NOW, block=block, foreign=FOREIGN)
    rows = [(series.metric, series.unit, time, value) for series, time, value in block.rows()]
    assert len(rows) == count
    return rows


def expected(example: dict[str, Any]) -> list[tuple[str, str, int, Value]]:
    """What the example says; time 0 stands for `now`."""
    return [
        (metric, unit, time or NOW, Data(bytes.fromhex(value["hex"])) if isinstance(value, dict) else value)
        for metric, unit, time, value in example["samples"]
    ]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["section"])
def test_json(example: dict[str, Any]) -> None:
    assert resolved(json.dumps(example["pack"]).encode(), JSON) == expected(example)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["section"])
def test_cbor(example: dict[str, Any]) -> None:
    numbers = {label: number for number, label in LABELS.items()}
    pack = [{numbers[label]: value for label, value in record.items()} for record in example["pack"]]
    for record in pack:
        if 8 in record:
            record[8] = b"hi \n"
    assert resolved(cbor2.dumps(pack), CBOR) == expected(example)


def test_cbor_dump_of_section_6() -> None:
    example = next(one for one in EXAMPLES if one["section"] == "5.1.2, second")
    assert resolved(bytes.fromhex(DUMP), CBOR) == expected(example)


def test_decimal_fractions_are_numbers_of_section_6() -> None:
    payload = bytes.fromhex("81a2006474656d7002c48221190dac")  # [{0: "temp", 2: 4([-2, 3500])}]
    assert resolved(payload, CBOR) == [("temp", "", NOW, 35.0)]
