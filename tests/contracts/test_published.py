"""What docs/reference shows is what the code says, is valid, and fits the messages that are really sent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from contracts import (
    alerts,
    asyncapi,
    cloudevents,
    events,
    judgements,
    publish,
    receipts,
    schemas,
    senml,
    topics,
)
from contracts.events import Alarm, Gap, Probe, Stray, Tally, TallyRow
from contracts.judgements import Evidence, Judgement, Severity, Text, Verdict
from contracts.receipts import Receipt
from contracts.series import Block, Data, Series, Value
from contracts.topics import Kind

NOW = 1_764_547_200_000_000
TEXT = Text(id="Panas", en="Hot")


def pack() -> bytes:
    block = Block()
    values: dict[str, Value] = {"a": 1.5, "b": "x", "c": True, "d": Data(b"\0")}
    for metric, value in values.items():
        block.append(Series(site="bima", kind=Kind.KIOSK, device="kiosk-1", metric=metric), NOW, value)
    return senml.encode(block)


def told() -> bytes:
    strays = (Stray(epoch=1, first=3, last=3, each=1),)
    row = TallyRow(channel="telemetry", hour=0, recorded=2, sent=1, shed=1, strays=strays)
    return events.encode((
        Alarm(id="1", time=NOW, name="door.opened", values={"a": 1.5}),
        Gap(id="2", time=NOW, channel="telemetry", epoch=1, ranges=((1, 2),), samples={0: 3}, reason="full"),
        Tally(id="3", time=NOW, epoch=1, spooled=0, oldest=0, rows=(row,)),
        Probe(id="4", time=NOW),
    ))  # fmt: skip


def judged() -> bytes:
    return judgements.encode(
        Judgement(
            id="1",
            producer="analytics",
            verdict=Verdict.RAISED,
            rule="hot",
            rule_hash="h",
            fingerprint="f",
            site="bima",
            labels={"device": "kiosk-1"},
            severity=Severity.MINOR,
            title=TEXT,
            time=NOW,
            judged=NOW,
            evidence=Evidence(value=1.5, why=TEXT),
        )
    )


def alerted() -> bytes:
    return alerts.encode(
        alerts.Alert(
            id="1",
            revision=1,
            state=alerts.State.FIRING,
            fingerprint="f",
            rule="hot",
            rule_hash="h",
            site="bima",
            labels={},
            severity=Severity.MINOR,
            title=TEXT,
            evidence=Evidence(),
            started=NOW,
            updated=NOW,
        )
    )


def event() -> bytes:
    return cloudevents.encode(
        cloudevents.CloudEvent(id="1", source="/alerts", type="t", subject="s", time="x", data={})
    )


def receipt() -> bytes:
    return receipts.encode(Receipt(stream="kiosk-1/telemetry", epoch=1, ranges=((1, 2),)))


@pytest.mark.parametrize("path,text", publish.files().items(), ids=lambda value: value.split("\n")[0])
def test_the_committed_file_is_what_the_code_says(root: Path, path: str, text: str) -> None:
    committed = (root / "docs" / "reference" / path).read_text(encoding="utf-8")
    assert committed == text, "run: python -m contracts.publish docs/reference"


def test_nothing_else_is_committed(root: Path, tmp_path: Path) -> None:
    assert publish.main([str(tmp_path)]) == 0
    names = {path.name for path in (root / "docs" / "reference" / "schemas").iterdir()}
    assert names == {path.name for path in (tmp_path / "schemas").iterdir()}


def test_an_old_schema_is_removed(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "old.json").write_text("{}")
    publish.main([str(tmp_path)])
    assert not (tmp_path / "schemas" / "old.json").exists()


def test_without_a_folder_it_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert publish.main([]) == 2
    assert "FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize("name", schemas.documents())
def test_each_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas.documents()[name])


@pytest.mark.parametrize(
    "name,made",
    [
        ("senml", pack),
        ("events", told),
        ("judgement", judged),
        ("alert", alerted),
        ("cloudevent", event),
        ("receipt", receipt),
    ],
)
def test_what_is_sent_fits_its_schema(name: str, made: Callable[[], bytes]) -> None:
    validator = jsonschema.Draft202012Validator(schemas.documents()[name])
    message = json.loads(made())
    validator.validate(message)
    assert not validator.is_valid({} if isinstance(message, list) else [])


@pytest.mark.parametrize(
    "record",
    [
        {"n": "a", "v": "1"},
        {"n": "a", "v": 1, "vs": "x"},
        {"n": "a", "v": 1, "x_": 1},
        {"n": "a", "bver": 11},
    ],
)
def test_what_is_refused_does_not_fit_the_schema_of_packs(record: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(schemas.documents()["senml"]).is_valid([record])


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi.document("1.0.0")


def test_the_document_is_asyncapi_3(root: Path, document: dict[str, Any]) -> None:
    published = root / "web" / "frontend" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
    validator = jsonschema.Draft7Validator(json.loads(published.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(document)] == []
    assert not validator.is_valid(document | {"asyncapi": "2.6.0"})
    assert not validator.is_valid(document | {"channels": {"a": {"adress": "x"}}})


def test_every_address_is_a_topic(document: dict[str, Any]) -> None:
    for channel in document["channels"].values():
        text = channel["address"]
        for name, parameter in channel["parameters"].items():
            text = text.replace(f"{{{name}}}", parameter.get("enum", ["a"])[0])
        assert str(topics.parse(text)) == text


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    wanted = set(publish.files())
    found = set()

    def look(part: Any) -> None:
        if isinstance(part, dict):
            reference = part.get("$ref", "")
            if reference.startswith("./"):
                found.add(reference[2:])
            elif reference:
                assert reference.removeprefix("#/channels/") in document["channels"]
            for value in part.values():
                look(value)

    look(document)
    assert found
    assert found <= wanted
