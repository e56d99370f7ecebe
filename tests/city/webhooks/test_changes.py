"""Subscriptions change while they are told: secrets, addresses, rights, and whether at all."""

import msgspec
import pytest
from standardwebhooks import WebhookVerificationError

from city.outbox import Tail
from city.webhooks.hub import Hub
from city.webhooks.model import State
from tests.city.drill import made, put, until
from tests.city.webhooks.receiver import receiving, reply
from tests.city.webhooks.stage import APP, HEAR, Stage

APP_7 = msgspec.structs.replace(APP, id="app-7")


async def test_a_receiver_that_is_gone_is_disabled_and_its_owner_is_told(stage: Stage) -> None:
    async with receiving() as app, receiving() as late, stage.delivering(give_up=0.2):
        app.answer(reply(410))
        late.answer(*[reply(404)] * 1000)
        gone, _ = stage.add(app.url, APP_7)
        lost, _ = stage.add(late.url)
        put(stage.db, made(name="a"))
        await until(lambda: stage.told(gone.id).subscription.state is State.DISABLED)
        await until(lambda: stage.told(lost.id).subscription.state is State.DISABLED)
        assert "410" in stage.told(gone.id).subscription.reason
        assert "nothing was taken" in stage.told(lost.id).subscription.reason
        await until(lambda: disabled(stage) == {gone.id: "app-7", lost.id: "app-1"})
        late.answer()
        stage.do(stage.webhooks.activate, lost.id)
        await until(lambda: late.keys == ["a"])


def disabled(stage: Stage) -> dict[str, str]:
    """Subscriptions whose owners were told."""
    found = Tail(stage.db).read(0, types=("webhook.disabled",))
    return {one.event.subject: one.event.data["owner"] for one in found}


async def test_both_secrets_sign_during_the_overlap(stage: Stage) -> None:
    async with receiving() as app, stage.delivering() as hub:
        new, old = stage.add(app.url)
        _, secret = stage.do(stage.webhooks.rotate, new.id)
        await until(lambda: revision(hub, new.id) == 2)
        put(stage.db, made(name="a"))
        await until(lambda: app.keys == ["a"])
        for one in (old, secret):
            app.verify(app.got[-1], one)
        _, last = stage.do(stage.webhooks.rotate, new.id, overlap=0)
        await until(lambda: revision(hub, new.id) == 3)
        put(stage.db, made(name="b"))
        await until(lambda: app.keys == ["a", "b"])
        app.verify(app.got[-1], last)
        with pytest.raises(WebhookVerificationError, match="No matching signature"):
            app.verify(app.got[-1], secret)


async def test_a_change_is_followed_at_once(stage: Stage) -> None:
    async with receiving() as first, receiving() as second, stage.delivering() as hub:
        new, _ = stage.add(first.url)
        put(stage.db, made(name="a"))
        await until(lambda: first.keys == ["a"])
        stage.do(stage.webhooks.change, new.id, seen=1, url=second.url)
        await until(lambda: revision(hub, new.id) == 2)
        put(stage.db, made(name="b"))
        await until(lambda: second.keys == ["b"])
        stage.do(stage.webhooks.rewind, new.id, after=0)
        await until(lambda: second.keys == ["b", "a", "b"])
        stage.do(stage.webhooks.remove, new.id)
        await until(lambda: revision(hub, new.id) == 0)
        put(stage.db, made(name="c"))
        await until(lambda: Tail(stage.db).head() == 3)
    assert first.keys == ["a"]


def revision(hub: Hub, webhook: str) -> int:
    """Of the subscription that is being told; 0: of none."""
    running = hub._running.get(webhook)
    return running.wanted.version.revision if running else 0


async def test_who_may_not_hear_of_it_any_more_is_told_nothing_more(stage: Stage) -> None:
    async with receiving() as app, receiving() as other, stage.delivering() as hub:
        mine, _ = stage.add(app.url)
        stage.add(other.url, APP_7)
        put(stage.db, made(name="a"))
        await until(lambda: app.keys == other.keys == ["a"])
        stage.held["app-1"] = frozenset()
        await until(lambda: rights(hub, mine.id) == frozenset())
        put(stage.db, made(name="b"))
        await until(lambda: other.keys == ["a", "b"] and hub._running[mine.id].drive.position >= 2)
        stage.held["app-1"] = None  # and then he may not act at all
        await until(lambda: rights(hub, mine.id) is None)
        put(stage.db, made(name="c"))
        await until(lambda: other.keys == ["a", "b", "c"])
        stage.held["app-1"] = frozenset({HEAR})
        await until(lambda: app.keys == ["a", "c"])


def rights(hub: Hub, webhook: str) -> frozenset[str] | None:
    """With which it is being told; None where it is not."""
    running = hub._running.get(webhook)
    return running.wanted.rights if running else None
