"""Events that leave with the change they tell of: appended in its transaction, delivered by one relay."""

from city.outbox.consumers import Beside, Consumer, Deliverer, Handler, Positioned
from city.outbox.events import append, event
from city.outbox.relay import Relay
from city.outbox.settings import Settings
from city.outbox.tail import Tail

__all__ = [
    "Beside",
    "Consumer",
    "Deliverer",
    "Handler",
    "Positioned",
    "Relay",
    "Settings",
    "Tail",
    "append",
    "event",
]
