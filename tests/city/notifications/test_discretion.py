"""What nobody else may learn: addresses, secrets of gateways, one-time codes."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from city.notifications import Channel
from city.notifications.errors import Unsent
from city.notifications.providers.gateway import Gateway
from city.notifications.settings import Provider
from city.outbox import letters
from tests.city.notifications.office import Office, lite, posting, until
from tests.city.notifications.wire import Endpoint, Mailbox

NUMBER = "+6281234567890"


class Log(logging.Handler):
    """All that would be logged at the most talkative level, but for what the tests' own mail server says."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "mail.log":
            self.lines.append(self.format(record))


@pytest.fixture
def everything() -> Iterator[Log]:
    root, handler = logging.getLogger(), Log()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@lite
async def test_secrets_and_addresses_are_in_no_log_and_no_table(
    office: Office, mailbox: Mailbox, endpoint: Endpoint, everything: Log
) -> None:
    endpoint.answer = 401
    mailbox.refuse = "550 no mailbox siti@contoh.example here"
    of = office.wire(("mail", "email", mailbox.url), ("sms", "sms", endpoint.url()))
    notice = office.ask(of)
    async with posting(of):
        await until(lambda: sum(one.attempts for one in office.receipts(notice).values()) == 2)
    told = office.receipts(notice)
    assert "401" in told["sms"].error
    assert "550" in told["email"].error or "refused" in told["email"].error.lower()
    said = "\n".join(everything.lines) + str(told) + str(_parked(office))
    for secret in ("s3cret-token", "81234567890", "siti@contoh", "Siti Aminah"):
        assert secret not in said, secret


def _parked(office: Office) -> list[letters.Letter]:
    with office.db.read() as tx:
        return letters.page(tx)


@lite
def test_a_code_is_sent_now_or_not_at_all(office: Office, endpoint: Endpoint) -> None:
    with Endpoint() as broken:
        broken.answer = 500
        of = office.wire(("one", "sms", broken.url()), ("two", "sms", endpoint.url()))
        of.courier.send(Channel.SMS, NUMBER, "drill.code", {"code": "123456"}, language="en")
        assert endpoint.bodies[0]["message"] == "Your code is 123456"
        endpoint.answer = 500
        with pytest.raises(Unsent) as unsent:
            of.courier.send(Channel.SMS, NUMBER, "drill.code", {"code": "123456"}, language="en")
        assert "8123" not in str(unsent.value)
    with pytest.raises(Unsent, match="no gateway"):
        of.courier.send(Channel.TELEGRAM, "1", "drill.code", {"code": "1"}, language="en")
    of.post.close()


def test_what_the_library_says_is_cleaned(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(
        "jsons://key-17:hunter22@sms.example/s3cret/token-x?-auth=t0k3n&:to={address}"
    )
    gateway = Gateway(Provider(name="sms", channel="sms", url_file=tmp_path / "url"))
    said = (
        "no route to sms.example as key-17:hunter22 at /s3cret/token-x?auth=t0k3n for +6281234567890, "
        "0812-3456-7890 or siti@contoh.example: error=503"
    )
    told = gateway._told(said, "+6281234567890")
    for secret in ("key-17", "hunter22", "s3cret", "token-x", "t0k3n", "8123", "siti", "contoh"):
        assert secret not in told, secret
    assert "sms.example" in told
    assert "error=503" in told
