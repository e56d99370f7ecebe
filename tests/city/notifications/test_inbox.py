"""What a person sees: newest first, in his language, read once; his choices and quiet hours."""

import pytest

from city.notifications import Channel
from city.notifications.errors import Locked, Unknown
from contracts.errors import Refused
from tests.city.notifications.office import BUDI, SITI, Office


def test_newest_first_a_page_at_a_time(office: Office) -> None:
    of = office.wire()
    asked = [office.ask(of) for _ in range(5)]
    office.ask(of, person=BUDI)
    office.ask(of, "drill.code", data={"code": "x"})
    with office.db.read() as tx:
        first = of.inbox.page(tx, SITI, language="en", name="Siti", limit=3)
        rest = of.inbox.page(tx, SITI, language="en", before=first[-1].id, limit=3)
    assert [item.id for item in [*first, *rest]] == asked[::-1]
    assert first[0].text.startswith("Dear Siti, TGI-2026-000123")
    assert first[0].path == "/insiden/TGI-2026-000123"


def test_read_once_and_only_ones_own(office: Office) -> None:
    of = office.wire()
    first, second, third = (office.ask(of) for _ in range(3))
    with office.db.begin() as tx:
        assert of.inbox.unread(tx, SITI) == 3
        of.inbox.read(tx, SITI, first, now=10)
        of.inbox.read(tx, SITI, first, now=20)
        assert of.inbox.unread(tx, SITI) == 2
        with pytest.raises(Unknown):
            of.inbox.read(tx, BUDI, second, now=10)
        assert of.inbox.read_all(tx, SITI, upto=second, now=30) == 1
        assert [item.read for item in of.inbox.page(tx, SITI, language="id")] == [None, 30, 10]
        assert of.inbox.unread(tx, SITI) == 1
    assert office.receipts(first)["inbox"].state == "read"
    assert office.receipts(third)["inbox"].state == "sent"


def test_choices(office: Office) -> None:
    of = office.wire()
    with office.db.begin() as tx:
        of.preferences.choose(tx, SITI, "drill.incidents", Channel.SMS, wanted=False, now=1)
        found = of.preferences.choices(tx, SITI, language="id")
        assert {one.topic: one.channels for one in found.topics} == {
            "drill.incidents": {"push": True, "email": True, "sms": False, "whatsapp": True},
            "drill.safety": {"sms": True, "whatsapp": True},
        }
        assert [one.title for one in found.topics] == ["Insiden", "Keamanan akun"]
        of.preferences.choose(tx, SITI, "drill.incidents", Channel.SMS, wanted=True, now=2)
        assert not of.preferences.switched_off(tx, SITI)
        with pytest.raises(Locked):
            of.preferences.choose(tx, SITI, "drill.safety", Channel.SMS, wanted=False, now=1)
        with pytest.raises(Unknown):
            of.preferences.choose(tx, SITI, "drill.none", Channel.SMS, wanted=False, now=1)
        with pytest.raises(Refused):
            of.preferences.choose(tx, SITI, "drill.incidents", Channel.INBOX, wanted=False, now=1)


def test_quiet_hours_of_ones_own(office: Office) -> None:
    of = office.wire()
    with office.db.begin() as tx:
        assert of.preferences.quiet(tx, SITI) == "21:00-06:00"
        of.preferences.keep_quiet(tx, SITI, "13:00-14:00", now=1)
        of.preferences.keep_quiet(tx, SITI, "", now=2)
        assert of.preferences.quiet(tx, SITI) == ""
        of.preferences.keep_quiet(tx, SITI, None, now=3)
        assert of.preferences.quiet(tx, SITI) == "21:00-06:00"
        with pytest.raises(Refused):
            of.preferences.keep_quiet(tx, SITI, "late", now=4)
