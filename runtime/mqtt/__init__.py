"""The one MQTT client: asyncio, MQTT 5 (3.1.1 possible), acknowledged by hand, never resending by itself."""

from runtime.mqtt.client import Client
from runtime.mqtt.errors import Denied, Failure, Lost
from runtime.mqtt.message import Ask, Message
from runtime.mqtt.routes import Handler
from runtime.mqtt.settings import Settings, Will

__all__ = ["Ask", "Client", "Denied", "Failure", "Handler", "Lost", "Message", "Settings", "Will"]
