"""One mapping: whose the messages on a topic are, and what is read from them.

- name: tasmota
  topic: tele/{node}/SENSOR
  device: "{node}"
  names: { tasmota_4F2A: taman-udara-1 }
  time: /Time
  zone: Asia/Jakarta
  fields:
    - { pointer: /AM2301/Temperature, metric: temperature, unit: Cel }
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from functools import cached_property
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from contracts import measurements
from contracts.errors import Refused
from contracts.series import join_name, split_name
from contracts.topics import name
from ingest.mappings.pattern import Pattern
from ingest.mappings.pointer import parts

Scalar = float | bool | str
_BRACES: Final = re.compile(r"\{([^{}]*)\}")


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value of the message and the series that it is a sample of."""

    pointer: str = ""  # JSON pointer (RFC 6901); empty: the whole message
    when: dict[str, str] = {}  # read only where these levels of the topic are so
    metric: str
    instance: str = ""  # may name levels of the topic: `relay-{number}`
    unit: str = ""
    scale: float = 1.0  # the series' unit per the message's
    offset: float = 0.0  # added after the scale
    values: dict[str, Scalar] = {}  # text of the message → value; what is not named is refused

    def __post_init__(self) -> None:
        split_name(join_name(self.metric, _BRACES.sub("x", self.instance)))
        parts(self.pointer)
        known = measurements.find(self.metric)
        if known is not None and known.reserved:
            raise Refused("metric", self.metric, "reserved: ingest itself writes it")
        if known is not None and self.unit != known.unit:
            raise Refused("unit", self.unit, f"{self.metric} is measured in {known.unit or 'no unit'}")
        if self.scale == 0:
            raise Refused("scale", self.scale, "not 0")

    @property
    def numeric(self) -> bool:
        """Whether text is read as a number."""
        known = measurements.find(self.metric)
        return bool(self.unit) if known is None else known.numeric


class Sample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message of the real device and what is to come of it; tried by `imm mapping try`."""

    topic: str
    payload: Any  # text as it is sent, or the document itself
    device: str = ""  # empty: not looked at
    time: str = ""  # RFC 3339; empty: not looked at
    values: dict[str, Scalar]  # series as in SenML, `metric` or `metric_instance` → value

    @property
    def raw(self) -> bytes:
        """The payload as it is sent."""
        return self.payload.encode() if isinstance(self.payload, str) else msgspec.json.encode(self.payload)


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """How the messages on one topic, or on a pattern of topics, are read."""

    name: str  # by which errors and figures call it
    topic: str  # levels in braces are named: tele/{node}/SENSOR
    device: str  # id in the roster, which knows its site and kind; may name levels of the topic
    names: dict[str, str] = {}  # text of a level → what stands for it in `device` and `instance`
    format: Literal["json", "text"] = "json"  # text: the message is one value
    time: str = ""  # JSON pointer to seconds, milliseconds or RFC 3339; empty: time of arrival
    zone: str = ""  # of a time without an offset, such as Asia/Jakarta
    fields: tuple[Field, ...]
    samples: tuple[Sample, ...] = ()  # messages of the real device

    def __post_init__(self) -> None:
        name("name", self.name)
        if not _BRACES.search(self.device):
            name("device", self.device)
        if not self.fields:
            raise Refused("fields", self.topic, "at least one")
        self._check_levels()
        self._check_time()

    def _check_levels(self) -> None:
        known = set(self.pattern.variables)
        named = [("device", _BRACES.findall(self.device))]
        for one in self.fields:
            named += [("instance", _BRACES.findall(one.instance)), ("when", list(one.when))]
            if self.format == "text" and one.pointer:
                raise Refused("pointer", one.pointer, "a message that is text has no parts")
        for field, levels in named:
            if unknown := set(levels) - known:
                raise Refused(field, ", ".join(sorted(unknown)), "no level of the topic is called so")

    def _check_time(self) -> None:
        parts(self.time)
        if self.time and self.format == "text":
            raise Refused("time", self.time, "a message that is text has no parts")
        try:
            ZoneInfo(self.zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Refused("zone", self.zone, "a time zone of the IANA database") from None

    @cached_property
    def pattern(self) -> Pattern:
        """The topics. Raises Refused."""
        return Pattern(self.topic)

    @cached_property
    def filters(self) -> list[str]:
        """What to subscribe to: topics from which no field is read are not heard."""
        return self._filters({})

    def written_by(self, device: str) -> list[str]:
        """Filters of the topics on which a device of the roster may speak."""
        levels = _BRACES.findall(self.device)
        if not levels:
            return self.filters if device == self.device else []
        if len(set(levels)) > 1:
            return []  # a device that two levels name is admitted by hand
        shape = re.escape(self.device).replace(re.escape(f"{{{levels[0]}}}"), "(.+)", 1)
        found = re.fullmatch(shape.replace(re.escape(f"{{{levels[0]}}}"), r"\1"), device)
        if found is None:
            return []
        texts = [text for text, stands in self.names.items() if stands == found[1]]
        if found[1] not in self.names:
            texts.append(found[1])
        return [one for text in texts for one in self._filters({levels[0]: text})]

    def _filters(self, levels: Map[str, str]) -> list[str]:
        keys = {frozenset(one.when) for one in self.fields}
        whens = [one.when for one in self.fields] if len(keys) == 1 else [{}]  # others would meet
        return list(dict.fromkeys(self.pattern.filled({**when, **levels}) for when in whens))

    def owner(self, values: Map[str, str]) -> str:
        """Id of the device that speaks on a topic whose levels are these. Raises Refused."""
        return name("device", self.fill(self.device, values))

    def fill(self, template: str, values: Map[str, str]) -> str:
        """A template with the names of these levels in place."""

        def put(found: re.Match[str]) -> str:
            text = values[found[1]]
            return self.names.get(text, text)

        return _BRACES.sub(put, template)
