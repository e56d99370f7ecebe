"""One AsyncAPI 3.0 document: which messages travel on which topics, made from the topic grammar."""

from __future__ import annotations

from typing import Any, Final

from contracts import batches, feed, frames, topics
from contracts.topics import AreaTopic, Channel, Device, Kind, PlatformTopic

VERSION: Final = "3.0.0"
_DEVICE: Final = Device(site="a-site", kind=Kind.KIOSK, device="a-device")
_LEVELS: Final = {  # what stands for each parameter in the samples below → its parameter
    "a-site": ("site", "Area of the city, such as `bima`"),
    "kiosk": ("kind", "What the device is"),
    "a-device": ("device", "Id of the device, unique in the city"),
    "an-alert": ("alert", "Id of the alert"),
    "a-producer": ("producer", "Who judges, such as `analytics`"),
    "a-worker": ("worker", "Name of the ingest worker"),
}


def document(version: str) -> dict[str, Any]:
    """The document of this version of the platform; payloads refer to `schemas/*.json` beside it."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, topic, message, action, summary in _messages():
        address, parameters = _address(str(topic))
        channels[name] = {
            "address": address,
            "summary": summary,
            "parameters": parameters,
            "messages": {name: message},
        }
        operations[f"{action}_{name}"] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": summary,
        }
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "IMM platform, Kota Cirebon",
            "version": version,
            "description": "MQTT 5 messages between devices, the platform and the city's applications. "
            "`receive`: the platform takes it; `send`: the platform publishes it. All with QoS 1.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "{host}",
                "protocol": "mqtt",
                "protocolVersion": "5.0",
                "variables": {"host": {"description": "Name and port of the city's broker"}},
            }
        },
        "channels": channels,
        "operations": operations,
    }


def _messages() -> list[tuple[str, object, dict[str, Any], str, str]]:
    """(name, sample topic, message, action, summary) of every channel that carries a defined message."""
    telemetry = _message(batches.JSON, "senml", headers="batch-properties")
    telemetry["description"] = f"The same as {batches.CBOR} where bandwidth matters."
    event = _message(batches.EVENTS, "events", headers="batch-properties")
    frame = _message(frames.TYPES[0], None, headers="frame-properties")
    frame["description"] = (
        f"Bytes of the picture, {' or '.join(frames.TYPES)}, with its place as in `telemetry`."
    )
    status = _message("application/json", "status")
    status["description"] = "Any other text is stored too: devices of others have words of their own."
    return [
        (
            "telemetry",
            _DEVICE.topic(Channel.TELEMETRY),
            telemetry,
            "receive",
            "Samples of a device, one batch a message",
        ),
        (
            "event",
            _DEVICE.topic(Channel.EVENT),
            event,
            "receive",
            "Alarms, declared gaps, tallies and probes",
        ),
        ("frame", _DEVICE.topic(Channel.FRAME), frame, "receive", "One picture that may leave the device"),
        ("status", _DEVICE.topic(Channel.STATUS), status, "receive", "Retained; the last will says offline"),
        (
            "receipt",
            _DEVICE.topic(Channel.RECEIPT),
            _message("application/json", "receipt"),
            "send",
            "Batches that are durable and may be forgotten",
        ),
        *_control(),
        (
            "alert",
            AreaTopic.alert("a-site", "an-alert"),
            _message("application/json", "alert"),
            "send",
            "Retained while the alert is open, cleared after",
        ),
        (
            "roster",
            AreaTopic.roster("a-site", "a-device"),
            _message("application/json", "roster-entry"),
            "send",
            "Retained while the device is enrolled; for the platform and its apps, never for devices",
        ),
        (
            "judgement",
            AreaTopic.judgement("a-site", "a-producer"),
            _message("application/json", "judgement", headers="batch-properties"),
            "receive",
            "What a rule says of a series",
        ),
        (
            "judgement_receipt",
            AreaTopic(site="a-site", area="judgement", subject="a-producer", receipt=True),
            _message("application/json", "receipt"),
            "send",
            "Judgements that are durable",
        ),
        (
            "feed",
            PlatformTopic(worker="a-worker", channel="feed"),
            {"contentType": "application/msgpack", "summary": str(feed.__doc__).splitlines()[0]},
            "send",
            "What a worker just accepted, between our own processes, QoS 0",
        ),
    ]


def _control() -> list[tuple[str, object, dict[str, Any], str, str]]:
    """How the desk has devices do something, and how they should be."""
    command, result = (_message("application/json", name) for name in ("command", "command-result"))
    command["description"] = (
        "MQTT 5 response topic: the device's `result`; correlation data: the command's id."
    )
    result["description"] = "Correlation data: the command's id. Sent again when the command comes again."
    desired, reported = (_message("application/json", f"shadow-{name}") for name in ("desired", "reported"))
    return [
        ("command", _DEVICE.topic(Channel.COMMAND), command, "send", "What a device is to do, once"),
        ("result", _DEVICE.topic(Channel.RESULT), result, "receive", "What became of it so far"),
        ("shadow_desired", _DEVICE.topic(Channel.SHADOW_DESIRED), desired, "send", "Retained"),
        ("shadow_reported", _DEVICE.topic(Channel.SHADOW_REPORTED), reported, "receive", "Retained"),
    ]


def _message(content_type: str, schema: str | None, *, headers: str = "") -> dict[str, Any]:
    message: dict[str, Any] = {"contentType": content_type}
    if schema:
        message["payload"] = {"$ref": f"./schemas/{schema}.json"}
    if headers:
        message["headers"] = {"$ref": f"./schemas/{headers}.json"}
    return message


def _address(sample: str) -> tuple[str, dict[str, Any]]:
    """Sample topic → address with its parameters."""
    levels: list[str] = []
    parameters: dict[str, Any] = {}
    for level in sample.split("/"):
        name, description = _LEVELS.get(level, ("", ""))
        levels.append(f"{{{name}}}" if name else level)
        if name:
            parameters[name] = {"description": description}
        if name == "kind":
            parameters[name]["enum"] = [kind.value for kind in Kind]
    address = "/".join(levels)
    if not address.startswith(topics.ROOT):
        raise AssertionError(address)
    return address, parameters
