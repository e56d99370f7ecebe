"""Bare paho as a stranger would use it: says and asks for anything, and keeps each answer's reason code."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from app.brokers.errors import Failure
from app.brokers.port import Endpoint

LIMIT: Final = 15.0  # seconds for an answer
REFUSED: Final = 0x80  # the first reason code that is a refusal
_POLL: Final = 0.02  # seconds
_FILTERS: Final = 100  # of one SUBSCRIBE


class Caller:
    """One connection, of an account, of a certificate, or of nobody; leaving breaks it without a word."""

    _connected: str | None = None  # why not; empty: it is; None: no answer yet

    def __init__(
        self,
        place: Endpoint,
        name: str = "",
        password: str = "",
        *,
        tls: ssl.SSLContext | None = None,
        client_id: str = "",
        protocol: int = 5,
        will: tuple[str, bytes] | None = None,
        kept: int = 0,
    ) -> None:
        """`kept`: seconds for which the broker keeps the session. `refused` says whether it is let in."""
        self.refused = ""  # why the broker did not let it in; empty: it is in
        self.lost = 0.0  # monotonic time at which the connection was seen to be gone; 0: it stands
        self.heard: list[tuple[str, bytes]] = []
        self._said: dict[int, int] = {}  # packet identifier → reason code
        self._asked: dict[int, list[int]] = {}
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=MQTTProtocolVersion(protocol),
            reconnect_on_failure=False,
        )
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        if name:
            self._client.username_pw_set(name, password)
        if tls:
            self._client.tls_set_context(tls)
        if will:
            self._client.will_set(*will, qos=1, retain=False)
        properties = None
        if protocol == 5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = kept
        try:
            self._client.connect(
                place.host, place.port, clean_start=not kept if protocol == 5 else 3, properties=properties
            )
            self.until(lambda: self._connected is not None or self.lost)
        except OSError as error:
            self.refused = str(error) or type(error).__name__
        else:
            self.refused = "hung up without an answer" if self._connected is None else self._connected

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    def drop(self) -> None:
        """Break the connection without a word: its will is due."""
        if held := self._client.socket():
            held.close()

    def goodbye(self) -> None:
        """End it in order."""
        self._client.disconnect()
        self.drop()

    def say(self, topics: Sequence[str], payload: bytes = b"acl", *, retain: bool = False) -> list[int]:
        """Reason code of each publish at QoS 1. Raises Failure where the connection breaks."""
        sent = [self._client.publish(topic, payload, 1, retain).mid for topic in topics]
        self._answered(lambda: all(mid in self._said for mid in sent))
        return [self._said.pop(mid) for mid in sent]

    def ask(self, filters: Sequence[str]) -> list[int]:
        """Reason code of each subscription at QoS 1. Raises Failure where the connection breaks."""
        codes: list[int] = []
        for start in range(0, len(filters), _FILTERS):
            _, mid = self._client.subscribe([(one, 1) for one in filters[start : start + _FILTERS]])
            if mid is None:
                raise Failure("a subscription could not be sent", "the connection broke", "try again")
            self._answered(lambda mid=mid: mid in self._asked)  # type: ignore[misc]
            codes += self._asked.pop(mid)
        return codes

    def until(self, condition: Callable[[], object], limit: float = LIMIT) -> bool:
        """Work until the condition holds, the connection is gone, or time is up; whether it holds."""
        end = time.monotonic() + limit
        while not condition():
            if self.lost or time.monotonic() > end:
                return False
            if self._client.loop(_POLL) != paho.MQTT_ERR_SUCCESS:
                self._on_disconnect()
        return True

    def _answered(self, condition: Callable[[], object]) -> None:
        if not self.until(condition):
            why = "the connection broke" if self.lost else f"no answer within {LIMIT:g} s"
            raise Failure("the broker did not answer", why, "look into its log")

    def _on_connect(self, _c: Any, _u: Any, _flags: Any, reason: Any, _p: Any) -> None:
        self._connected = str(reason) if reason.is_failure else ""

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))

    def _on_disconnect(self, *_: Any) -> None:
        self.lost = self.lost or time.monotonic()

    def _on_publish(self, _c: Any, _u: Any, mid: int, reason: Any, _p: Any) -> None:
        self._said[mid] = reason.value

    def _on_subscribe(self, _c: Any, _u: Any, mid: int, reasons: list[Any], _p: Any) -> None:
        self._asked[mid] = [reason.value for reason in reasons]
