"""Any gateway that apprise speaks to: mail servers, SMS and WhatsApp gateways, Telegram, webhooks.

Its address, with the secrets in it, is a line in a file. For each message `{address}` in it becomes the
person's address, and `{notice}` the notice's id. What the library says is caught and cleaned: no log gets it.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from apprise import Apprise, AppriseAsset, NotifyFormat, PersistentStoreMode

from city.notifications import settings as settings_
from city.notifications.errors import Away, Undeliverable
from city.notifications.model import Channel, Message
from runtime import settings
from runtime.logs import clean

_SAMPLES: Final = {
    Channel.EMAIL: "someone@example.org",
    Channel.SMS: "+6281200000000",
    Channel.WHATSAPP: "+6281200000000",
    Channel.TELEGRAM: "123456789",
    Channel.WEBHOOK: "sample",
}
# One address, and nothing that the library would take for a second one: it splits lists by itself.
_MAIL: Final = re.compile(r"[^\s@,;:<>()\"\[\]]+@[^\s@,;:<>()\"\[\]/]+\.[^\s@,;:<>()\"\[\]/]+")
_PHONE: Final = re.compile(r"\+\d{8,15}")
_FORMS: Final = {
    Channel.EMAIL: _MAIL,
    Channel.SMS: _PHONE,
    Channel.WHATSAPP: _PHONE,
    Channel.TELEGRAM: re.compile(r"-?\d{1,20}"),
    Channel.WEBHOOK: re.compile(r"[\w.-]+"),
}
_SHORT: Final = {Channel.SMS, Channel.WHATSAPP}  # channels on which each sign costs
_HIDDEN: Final = "•••"
_PERSONAL: Final = re.compile(r"[\w.+-]+@[\w.-]+|\+?\d[\d .-]{6,}\d")  # mailboxes, phones, chats
_SAID: Final = re.compile(r"Socket Exception|SMTP")  # details that the library keeps for its debug log
# The gateway is well, but will not have this message: no reason to leave it alone.
_THIS_ONE: Final = re.compile(r"error=4(00|04|10|13|14|22)\b|was refused: 5\d\d")
_LEAST: Final = 4  # signs of a secret worth hiding: shorter ones are words such as `api`


class Gateway:
    """One gateway of the settings."""

    addressed: bool

    def __init__(self, given: settings_.Provider) -> None:
        """Raises Wrong."""
        _load()
        self.name = given.name
        self.channel = Channel(given.channel)
        self.at_once = given.at_once
        self.limit = given.limit
        self.per_minute = given.per_minute
        self._url = settings.secret("notifications.providers.url_file", given.url_file)
        self.addressed = "{address}" in self._url
        self._secrets = _secrets(self._url)
        self._asset = AppriseAsset(
            app_id="IMM",
            app_desc="IMM",
            app_url="",
            http_redirects=False,
            image_path_mask=False,
            storage_mode=PersistentStoreMode.MEMORY,
            service_timeout=given.limit,
        )
        if self._plugin(_SAMPLES[self.channel], "sample") is None:
            cure = "write the address in apprise's form into it, with {address} where the person's goes"
            raise settings.Wrong("notifications.providers.url_file", given.url_file, "is no address", cure)

    def send(self, message: Message, address: str) -> None:
        """Hand it over. Raises Away, Undeliverable."""
        if self.addressed and not _FORMS[self.channel].fullmatch(address):
            raise Undeliverable("the address is none")
        heard: list[str] = []
        _heard.lines = heard
        plugin = self._plugin(address, message.notice)
        if plugin is None:
            raise Undeliverable("the address is none")
        if self.channel in _SHORT:
            title, body = "", _with(message.short, message.link, " ")
        else:
            title, body = message.title, _with(message.text, message.link, "\n\n")
        if not plugin.notify(body=body, title=title, body_format=NotifyFormat.TEXT):
            said = "; ".join(heard) or "did not take it, and said nothing"
            raise Away(self._told(said, address), fault=not _THIS_ONE.search(said))

    def _plugin(self, address: str, notice: str) -> Any:
        url = self._url.replace("{address}", quote(address, safe="")).replace(
            "{notice}", quote(notice, safe="")
        )
        found = Apprise.instantiate(url, asset=self._asset)
        if found is not None:
            found.socket_connect_timeout = found.socket_read_timeout = self.limit
        return found

    def _told(self, said: str, address: str) -> str:
        """What the library said, without the person's address and the gateway's secrets."""
        for secret in (address, *self._secrets):
            if len(secret) >= _LEAST:
                said = said.replace(secret, _HIDDEN)
        return clean(_PERSONAL.sub(_HIDDEN, said), 300)


class _Ear(logging.Handler):
    """Hears what the library says in this thread."""

    def emit(self, record: logging.LogRecord) -> None:
        lines = getattr(_heard, "lines", None)
        if lines is None or len(lines) >= 5:
            return
        text = record.getMessage()
        if record.levelno >= logging.WARNING or _SAID.match(text):
            lines.append(text)


_heard: Final = threading.local()
_lock: Final = threading.Lock()


def _load() -> None:
    """Load the library's plugins, and keep its words and those of the one below it out of every log."""
    with _lock:
        logger = logging.getLogger("apprise")
        if any(isinstance(handler, _Ear) for handler in logger.handlers):
            return
        logger.addHandler(_Ear())
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        with warnings.catch_warnings(
            action="ignore"
        ):  # it imports what later versions of Python have not got
            Apprise.instantiate("json://localhost")


def _secrets(url: str) -> list[str]:
    """Parts of an address that may be secret, longest first."""
    parts = urlsplit(url)
    words = {
        parts.username or "",
        parts.password or "",
        *parts.path.split("/"),
        *re.split(r"[&=]", parts.query),
    }
    words |= {unquote(word) for word in words}
    return sorted((word for word in words if "{" not in word), key=len, reverse=True)


def _with(text: str, link: str, gap: str) -> str:
    return text if not link or link in text else f"{text}{gap}{link}"
