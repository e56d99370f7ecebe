"""Bare paho, for what our client never asks of a broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from app.brokers.port import Endpoint

LIMIT = 15.0  # seconds until something must have happened
QUIET = 0.5  # seconds of silence after which nothing more comes


class Probe:
    """One connection; leaving the context breaks it without a word."""

    def __init__(
        self,
        place: Endpoint,
        name: str,
        *,
        protocol: int = 5,
        expiry: int = 0,
        receive_maximum: int = 65_535,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self.messages: list[paho.MQTTMessage] = []
        self.connack: Any = None
        self.session_present = False
        self._subacks = 0
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            name,
            clean_session=None if protocol == 5 else not expiry,
            protocol=MQTTProtocolVersion(protocol),
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self._client.on_connect = self._on_connect
        self._client.on_message = lambda _c, _u, message: self.messages.append(message)
        self._client.on_subscribe = self._on_subscribe
        if will:
            self._client.will_set(*will, qos=1, retain=True)
        properties = None
        if protocol == 5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = expiry
            properties.ReceiveMaximum = receive_maximum
        self._client.connect(
            place.host, place.port, clean_start=not expiry if protocol == 5 else 3, properties=properties
        )
        self.until(lambda: self.connack is not None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sock = self._client.socket()
        if sock:
            sock.close()

    def until(self, condition: Callable[[], object], limit: float = LIMIT) -> None:
        """Work until the condition holds."""
        end = time.monotonic() + limit
        while not condition():
            assert time.monotonic() < end, "it did not happen"
            assert self._client.loop(0.02) == paho.MQTT_ERR_SUCCESS, "the broker hung up"

    def look(self) -> int:
        """Work for a moment; how many messages there are."""
        assert self._client.loop(0.02) == paho.MQTT_ERR_SUCCESS, "the broker hung up"
        return len(self.messages)

    def quiet(self, limit: float = QUIET) -> None:
        """Work until nothing came for a while."""
        before = -1
        while before != len(self.messages):
            before = len(self.messages)
            end = time.monotonic() + limit
            while time.monotonic() < end:
                assert self._client.loop(0.02) == paho.MQTT_ERR_SUCCESS, "the broker hung up"

    def subscribe(
        self, topic_filter: str, qos: int = 1, *, no_local: bool = False, retain_handling: int = 0
    ) -> None:
        options = SubscribeOptions(qos, noLocal=no_local, retainHandling=retain_handling)
        wanted = self._subacks + 1
        if self._client.protocol == paho.MQTTv5:
            self._client.subscribe(topic_filter, options=options)
        else:
            self._client.subscribe(topic_filter, qos)
        self.until(lambda: self._subacks == wanted)

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int = 1,
        *,
        retain: bool = False,
        user: Sequence[tuple[str, str]] = (),
        content_type: str = "",
        expiry: int | None = None,
    ) -> None:
        properties = None
        if user or content_type or expiry:
            properties = Properties(PacketTypes.PUBLISH)
            properties.UserProperty = list(user)
            properties.ContentType = content_type
            properties.MessageExpiryInterval = expiry or 3_600
        sent = self._client.publish(topic, payload, qos, retain, properties)
        self.until(sent.is_published)

    def ack(self, message: paho.MQTTMessage) -> None:
        self._client.ack(message.mid, message.qos)

    def take(self, count: int) -> list[bytes]:
        """Wait for so many messages and acknowledge them."""
        self.until(lambda: len(self.messages) >= count)
        for message in self.messages[:count]:
            self.ack(message)
        self._client.loop(0.01)
        taken = [bytes(message.payload) for message in self.messages[:count]]
        del self.messages[:count]
        return taken

    def goodbye(self) -> None:
        self._client.disconnect()

    def _on_connect(self, _c: Any, _u: Any, flags: Any, reason: Any, properties: Any) -> None:
        assert not reason.is_failure, f"refused: {reason}"
        self.session_present = flags.session_present
        self.connack = properties

    def _on_subscribe(self, *_: Any) -> None:
        self._subacks += 1
