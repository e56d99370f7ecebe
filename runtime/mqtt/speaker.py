"""paho, for everything but PUBLISH and PUBACK: CONNECT, will, SUBSCRIBE, DISCONNECT, and their answers."""

from __future__ import annotations

from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from runtime.mqtt.lean import paho
from runtime.mqtt.settings import Settings, Will
from runtime.mqtt.wire import Wire


class Speaker(paho.Client):
    """paho on our wire instead of a socket of its own; used for one connection."""

    def __init__(
        self, settings: Settings, *, client_id: str, password: str, will: Will | None, session_expiry: int
    ) -> None:
        v5 = settings.protocol == 5
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=None if v5 else session_expiry == 0,
            protocol=MQTTProtocolVersion(settings.protocol),
            reconnect_on_failure=False,
        )
        self._where = settings
        self._session_expiry = session_expiry
        if settings.username:
            self.username_pw_set(settings.username, password or None)
        if will:
            self.will_set(will.topic, will.payload, will.qos, will.retain)

    def begin(self, wire: Wire, receive_maximum: int) -> None:
        """Send CONNECT."""
        self._wire = wire
        v5 = self._where.protocol == 5
        properties = None
        if v5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = self._session_expiry
            properties.ReceiveMaximum = receive_maximum
        self.connect_async(
            self._where.host,
            self._where.port,
            self._where.keepalive,
            clean_start=self._session_expiry == 0 if v5 else paho.MQTT_CLEAN_START_FIRST_ONLY,
            properties=properties,
        )
        self.reconnect()

    def _create_socket(self) -> Wire:
        return self._wire
