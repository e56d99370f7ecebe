"""Notices at the wire: a real SMTP server, a real HTTP endpoint, and what goes wrong there."""

import asyncio
from email.message import EmailMessage

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from city.notifications import Channel, Recipient
from city.notifications.tables import deliveries
from city.outbox import letters
from tests.city.notifications.office import FAST, PEOPLE, SITI, Office, at, lite, posting, until
from tests.city.notifications.wire import Endpoint, Mailbox

NUMBER = "+6281234567890"


def parked(office: Office) -> list[letters.Letter]:
    with office.db.read() as tx:
        return letters.page(tx)


def attempts(office: Office) -> int:
    with office.db.read() as tx:
        return sum(tx.execute(select(deliveries.c.attempts)).scalars())


async def test_a_notice_goes_out_on_each_channel(
    office: Office, mailbox: Mailbox, endpoint: Endpoint
) -> None:
    of = office.wire(("mail", "email", mailbox.url), ("sms", "sms", endpoint.url()))
    notice = office.ask(of)
    assert office.states(notice) == {"inbox": "sent", "email": "queued", "sms": "queued"}
    async with posting(of):
        await until(lambda: set(office.states(notice).values()) == {"sent"})
    ((to, mail),) = mailbox.mails
    assert isinstance(mail, EmailMessage)
    assert to == ["siti@contoh.example"]
    assert mail["subject"] == "Insiden TGI-2026-000123"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().strip().splitlines() == [
        "Yth. Siti Aminah, insiden TGI-2026-000123 dibuka 24 November 2026 12.00, 1.250 orang terdampak.",
        "",
        "https://imm.example/insiden/TGI-2026-000123",
    ]
    (body,) = endpoint.bodies
    assert body["to"] == NUMBER
    assert body["id"] == notice
    assert body["message"] == (
        "Insiden TGI-2026-000123 dibuka 24 November 2026 12.00 https://imm.example/insiden/TGI-2026-000123"
    )
    receipt = office.receipts(notice)["sms"]
    assert (receipt.provider, receipt.attempts, receipt.sent) == ("sms", 0, office.clock.now())
    assert office.count("imm_notices_sent_total", channel="sms", provider="sms") == 1


@lite
async def test_the_next_gateway_takes_over(office: Office, endpoint: Endpoint) -> None:
    with Endpoint() as broken:
        broken.answer = 503
        of = office.wire(("cheap", "sms", broken.url()), ("dear", "sms", endpoint.url()))
        asked = [office.ask(of, channels=(Channel.SMS,)) for _ in range(6)]
        async with posting(of):
            await until(lambda: all(office.states(one)["sms"] == "sent" for one in asked))
        assert {office.receipts(one)["sms"].provider for one in asked} == {"dear"}
        # After three failures in a row it is left alone; those under way by then were on their way.
        assert 3 <= len(broken.requests) < 3 + 4
        assert office.count("imm_notices_resting", provider="cheap") == 1
        broken.answer = 200
        office.clock.advance(31)
        async with posting(
            of2 := office.wire(("cheap", "sms", broken.url()), ("dear", "sms", endpoint.url()))
        ):
            last = office.ask(of2, channels=(Channel.SMS,))
            await until(lambda: office.states(last)["sms"] == "sent")
        assert office.receipts(last)["sms"].provider == "cheap"


async def test_it_is_tried_again_then_given_up_seen_and_sent_by_hand(
    office: Office, endpoint: Endpoint
) -> None:
    endpoint.answer = 500
    of = office.wire(("sms", "sms", endpoint.url()), settings=replace(FAST, trips=99))
    notice = office.ask(of, channels=(Channel.SMS,))
    async with posting(of):
        for number in range(1, 4):
            await until(lambda: attempts(office) == number)  # noqa: B023
            office.clock.advance(25)
        await until(lambda: bool(parked(office)))
        (letter,) = parked(office)
        assert (letter.consumer, letter.type, letter.subject, letter.attempts) == (
            "notices.sms",
            "drill.incident-opened",
            notice,
            3,
        )
        assert office.states(notice) == {"sms": "failed"}
        assert office.count("imm_notices_dead_total", channel="sms") == 1
        endpoint.answer = 200
        with office.db.begin() as tx:
            letters.ask(tx, now=1, ids=[letter.id])
        await until(lambda: office.states(notice) == {"sms": "sent"})
    assert parked(office) == []
    assert len(endpoint.requests) == 4


@lite
async def test_a_refused_message_leaves_the_gateway_in_use(office: Office, endpoint: Endpoint) -> None:
    endpoint.answer = lambda body: 200 if NUMBER.encode() in body else 400
    of = office.wire(("sms", "sms", endpoint.url()))
    office.people.known[SITI] = Recipient(addresses={"sms": "+6280000000000"})
    bad = [office.ask(of, channels=(Channel.SMS,)) for _ in range(5)]
    office.people.known["p-good"] = Recipient(addresses={"sms": NUMBER})
    async with posting(of):
        await until(lambda: attempts(office) == 5)
        good = office.ask(of, channels=(Channel.SMS,), person="p-good")
        await until(lambda: office.states(good)["sms"] == "sent")
    assert office.count("imm_notices_resting", provider="sms") == 0
    assert "error=400" in office.receipts(bad[0])["sms"].error


@lite
@pytest.mark.parametrize(
    "address", ["@@", "a@b.example,c@d.example", "a@b.example x@y.example", "A <a@b.example>"]
)
async def test_an_address_that_is_none_or_more_than_one_is_given_up(
    office: Office, mailbox: Mailbox, address: str
) -> None:
    of = office.wire(("mail", "email", mailbox.url))
    office.people.known[SITI] = Recipient(addresses={"email": address})
    notice = office.ask(of, channels=(Channel.EMAIL,))
    async with posting(of):
        await until(lambda: office.states(notice)["email"] == "failed", limit=10)
    assert [letter.error for letter in parked(office)] == ["the address is none"]
    assert mailbox.mails == []


@lite
async def test_a_slow_gateway_holds_up_no_other(office: Office, mailbox: Mailbox, endpoint: Endpoint) -> None:
    endpoint.open.clear()
    of = office.wire(("sms", "sms", endpoint.url()), ("mail", "email", mailbox.url), at_once=2)
    for _ in range(12):
        office.ask(of)
    async with posting(of):
        await until(lambda: len(mailbox.mails) == 12)
        assert endpoint.waiting == 2, "no more than it may have at once"
        assert len(endpoint.requests) == 2
        endpoint.open.set()
        await until(lambda: len(endpoint.requests) == 12)


@lite
async def test_a_gateway_that_hangs_is_given_up_for_the_next(office: Office, endpoint: Endpoint) -> None:
    with Endpoint() as hanging:
        hanging.open.clear()
        of = office.wire(
            ("one", "sms", hanging.url()), ("two", "sms", endpoint.url()), at_once=2, limits={"one": 0.2}
        )
        asked = [office.ask(of, channels=(Channel.SMS,)) for _ in range(12)]
        async with posting(of):
            await until(lambda: all(office.states(one)["sms"] == "sent" for one in asked))
        assert {office.receipts(one)["sms"].provider for one in asked} == {"two"}
        assert len(hanging.requests) <= 4


async def test_quiet_hours_hold_back_what_is_not_urgent(office: Office, endpoint: Endpoint) -> None:
    of = office.wire(("sms", "sms", endpoint.url()))
    office.clock.jump((at(23) - office.clock.now()) / 1_000_000)
    calm = office.ask(of, channels=(Channel.SMS,))
    loud = office.ask(of, channels=(Channel.SMS,), urgent=True)
    async with posting(of):
        await until(lambda: office.states(loud)["sms"] == "sent")
        await until(lambda: office.receipts(calm)["sms"].next == at(6, day=1))
        assert len(endpoint.requests) == 1
        office.clock.jump((at(6, day=1) - office.clock.now()) / 1_000_000)
        await until(lambda: office.states(calm)["sms"] == "sent")


async def test_what_is_not_sent_says_why(office: Office, endpoint: Endpoint) -> None:
    of = office.wire(("sms", "sms", endpoint.url()))
    office.people.known["p-bare"] = Recipient()
    with office.db.begin() as tx:
        of.preferences.choose(tx, "p-off", "drill.incidents", Channel.SMS, wanted=False, now=1)
    office.people.known["p-off"] = PEOPLE[SITI]
    late = office.ask(of, expires=office.clock.now() - 1)
    gone = office.ask(of, person="p-gone")
    bare = office.ask(of, person="p-bare")
    off = office.ask(of, person="p-off")
    async with posting(of):
        await until(lambda: all(_planned(office, one) for one in (late, gone, bare, off)))
    reasons = {one: office.receipts(one)["sms"].error for one in (late, gone, bare, off)}
    assert reasons == {late: "too late", gone: "nobody there", bare: "no address", off: "switched off"}
    assert office.receipts(off)["email"].error == "no gateway"
    assert endpoint.requests == []


def _planned(office: Office, notice: str) -> bool:
    return office.states(notice)["sms"] != "queued"


@lite
async def test_what_is_too_late_after_a_failure_is_not_sent(office: Office, endpoint: Endpoint) -> None:
    endpoint.answer = 500
    of = office.wire(("sms", "sms", endpoint.url()))
    notice = office.ask(of, channels=(Channel.SMS,), expires=office.clock.now() + 5_000_000)
    async with posting(of):
        await until(lambda: attempts(office) == 1)
        office.clock.advance(60)
        await until(lambda: office.states(notice)["sms"] == "skipped")
    assert office.receipts(notice)["sms"].error == "too late"


async def test_where_one_channel_is_enough_the_next_has_its_turn(office: Office, endpoint: Endpoint) -> None:
    with Endpoint() as broken:
        broken.answer = 500
        of = office.wire(("wa", "whatsapp", broken.url()), ("sms", "sms", endpoint.url()))
        notice = office.ask(of, "drill.duty", data={"number": "TGI-1"})
        async with posting(of):
            for number in range(1, 4):
                await until(lambda: attempts(office) >= number)  # noqa: B023
                office.clock.advance(25)
            await until(lambda: office.states(notice).get("sms") == "sent")
    assert office.states(notice) == {"push": "skipped", "whatsapp": "failed", "sms": "sent"}
    assert parked(office) == [], "he was reached"


async def test_it_is_sent_again_where_nobody_knows_whether_it_was(office: Office, endpoint: Endpoint) -> None:
    endpoint.open.clear()
    of = office.wire(("sms", "sms", endpoint.url()))
    notice = office.ask(of, channels=(Channel.SMS,))
    task = asyncio.create_task(of.post.run())
    await until(lambda: endpoint.waiting == 1)
    task.cancel()  # as a killed process: the message is out, and not written down
    await asyncio.gather(task, return_exceptions=True)
    endpoint.open.set()
    await asyncio.to_thread(of.post.close)
    assert office.states(notice)["sms"] == "queued"
    of = office.wire(("sms", "sms", endpoint.url()))
    async with posting(of):
        await until(lambda: office.states(notice)["sms"] == "sent")
    assert [body["id"] for body in endpoint.bodies] == [notice, notice], "the receiver can tell"


@lite
async def test_a_room_needs_no_address(office: Office, endpoint: Endpoint) -> None:
    port = endpoint.address.rpartition(":")[2]
    of = office.wire(("room", "webhook", f"json://127.0.0.1:{port}/room"))
    office.people.known["unit:damkar"] = Recipient(name="Damkar")
    notice = office.ask(of, channels=(Channel.WEBHOOK,), person="unit:damkar")
    async with posting(of):
        await until(lambda: office.states(notice)["webhook"] == "sent")
    assert endpoint.bodies[0]["title"] == "Insiden TGI-2026-000123"


async def test_old_notices_go(office: Office) -> None:
    of = office.wire()
    office.ask(of, "drill.reply", data={"ticket": "A-1"}, private={"reporter": "Ratna"})
    office.clock.advance(91 * 86_400)
    fresh = office.ask(of)
    assert await asyncio.to_thread(of.post._books.sweep) == 1
    with office.db.read() as tx:
        assert [item.id for item in of.inbox.page(tx, SITI, language="id")] == [fresh]
        assert office.vault.of(tx, SITI) == []
