"""Events that leave with the change they tell of: appended in its transaction, delivered by one relay."""

from city.outbox.consumers import Consumer, Deliverer, Handler, Positioned
from city.outbox.events import append, event
from city.outbox.tail import Tail

__all__ = ["Consumer", "Deliverer", "Handler", "Positioned", "Tail", "append", "event"]
