"""JSON Schemas (2020-12) of every record that crosses a boundary, made from the records themselves."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from contracts import (
    alerts,
    cloudevents,
    commands,
    events,
    frames,
    judgements,
    ledger,
    receipts,
    roster,
    rules,
    shadow,
    sitekeys,
    status,
    visitors,
)
from contracts.senml.decoding import MOST
from contracts.series import LARGEST_VALUE

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

_RECORDS: Final[dict[str, tuple[Any, str]]] = {
    "alert": (alerts.Alert, "Alert"),
    "cloudevent": (cloudevents.CloudEvent, "CloudEvent"),
    "command": (commands.Command, "Command to a device"),
    "command-result": (commands.Result, "What became of a command"),
    "events": (tuple[events.Event, ...], "Events of a device"),
    "judgement": (judgements.Judgement, "Judgement"),
    "ledger-hole": (ledger.Hole, "Hole in a stream's numbers"),
    "ledger-row": (ledger.Row, "Row of the ledger"),
    "receipt": (receipts.Receipt, "Receipt"),
    "roster-entry": (roster.Entry, "Device in the roster"),
    "rules": (tuple[rules.Rule, ...], "Rule file"),
    "shadow-desired": (shadow.Desired, "What a device should be like"),
    "shadow-reported": (shadow.Reported, "What a device says it is like"),
    "site-key-answer": (sitekeys.Answer | sitekeys.Refusal, "Answer of the holder of site keys, over TLS"),
    "site-key-ask": (sitekeys.Ask, "Question for site keys, over TLS"),
    "status": (status.Status, "Status of a device"),
    "visitors-state": (visitors.Told, "State of a site's visitors, the value of visitors.state"),
}
_NUMBER: Final = {"type": "string", "pattern": "^[0-9]{1,19}$"}  # in a user property


def documents() -> dict[str, Schema]:
    """Name → schema, each complete in itself."""
    found = {name: _document(record, title) for name, (record, title) in _RECORDS.items()}
    found["batch-properties"] = _properties(
        "Place of a batch in its stream, as MQTT 5 user properties",
        stream={"type": "string", "pattern": "^[a-z0-9-]{1,64}/[a-z0-9-]{1,64}$"},
        epoch=_NUMBER,
        seq=_NUMBER,
        attempt=None,
    )
    found["frame-properties"] = _properties(
        "What a frame is, as MQTT 5 user properties",
        time=_NUMBER,
        width=_NUMBER,
        height=_NUMBER,
        sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
        purpose={"type": "string", "enum": [purpose.value for purpose in frames.Purpose]},
        redacted=None,
        model=None,
        chain=None,
    )
    found["senml"] = _senml()
    return dict(sorted(found.items()))


def _document(record: Any, title: str) -> Schema:
    (schema,), parts = msgspec.json.schema_components([record], ref_template="#/$defs/{name}")
    document: Schema = {"$schema": DIALECT, "title": title, **schema}
    if parts:
        document["$defs"] = dict(sorted(parts.items()))
    plain: Schema = _without_discriminator(document)
    return plain


def _without_discriminator(schema: Any) -> Any:
    """The schema without OpenAPI's word for tagged unions: the tags themselves say it all."""
    if isinstance(schema, dict):
        return {key: _without_discriminator(value) for key, value in schema.items() if key != "discriminator"}
    return [_without_discriminator(value) for value in schema] if isinstance(schema, list) else schema


def _properties(title: str, **fields: Schema | None) -> Schema:
    """Fields without a schema are optional text."""
    return {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "properties": {name: schema or {"type": "string"} for name, schema in fields.items()},
        "required": [name for name, schema in fields.items() if schema],
    }


def _senml() -> Schema:
    text, number = {"type": "string"}, {"type": "number"}
    return {
        "$schema": DIALECT,
        "title": "SenML pack (RFC 8428), as JSON",
        "type": "array",
        "minItems": 1,
        "maxItems": MOST,
        "items": {
            "type": "object",
            "properties": {
                "bver": {"type": "integer", "minimum": 1, "maximum": 10},
                "bn": text,
                "bt": number,
                "bu": text,
                "bv": number,
                "bs": number,
                "n": {"type": "string", "maxLength": 255},
                "u": {"type": "string", "pattern": "^[!-~]{1,32}$"},
                "v": number,
                "vs": {"type": "string", "maxLength": LARGEST_VALUE},
                "vb": {"type": "boolean"},
                "vd": {"type": "string", "contentEncoding": "base64url", "pattern": "^[A-Za-z0-9_-]*={0,2}$"},
                "s": number,
                "t": number,
                "ut": {"type": "number", "minimum": 0},
            },
            "not": {"anyOf": [{"required": pair} for pair in _pairs(["v", "vs", "vb", "vd"])]},
            "propertyNames": {"not": {"pattern": "_$"}},
        },
    }


def _pairs(labels: list[str]) -> list[list[str]]:
    return [[one, other] for number, one in enumerate(labels) for other in labels[number + 1 :]]
