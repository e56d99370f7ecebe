"""People are told by inbox, push, e-mail, SMS and more; asked for in the transaction of the change."""

from city.notifications.asking import Notices
from city.notifications.model import Channel, Item, Notice, Reach, Receipt
from city.notifications.ports import Directory, Recipient
from city.notifications.settings import Settings
from city.notifications.wiring import Means, Notifications, wire

__all__ = [
    "Channel",
    "Directory",
    "Item",
    "Means",
    "Notice",
    "Notices",
    "Notifications",
    "Reach",
    "Receipt",
    "Recipient",
    "Settings",
    "wire",
]
