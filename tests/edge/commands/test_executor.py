"""Each command is done once and its end is told, whoever is killed and however often it comes."""

import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from app.brokers.port import Broker
from contracts.commands import Command, Reboot, Result, Snapshot, State, Type
from contracts.instants import DAY, MINUTE, SECOND
from contracts.topics import Channel
from edge.commands import Executor, Journal, Kept, Refusal
from edge.commands.journal import KEEP
from runtime import mqtt
from runtime.clock import Fake
from tests.edge.commands.conftest import REBOOT, Scene
from tests.fixtures.far import LIMIT, until


async def test_a_command_is_done_once_and_answered_however_often_it_comes(scene: Scene) -> None:
    async with scene.desk() as desk, scene.executor():
        command = scene.command("c1")
        await scene.send(desk, command)
        assert (await scene.end("c1")).value == {"n": 1}
        for again in (2, 3):
            await scene.send(desk, command)
            await until(partial(_come, scene, again))
        assert scene.done == ["c1"]
        assert {end.number for end in scene.ends("c1")} == {scene.ends("c1")[0].number}
        assert set(scene.correlations) == {b"c1"}


async def test_what_was_done_before_a_restart_is_answered_and_not_done_again(quick: Scene) -> None:
    command = quick.command("c1")
    async with quick.desk() as desk:
        async with quick.executor():
            await quick.send(desk, command)
            await quick.end("c1")
        quick.heard.clear()
        quick.clock.advance(20 * 86_400)  # long after its expiry
        async with quick.executor():
            await quick.send(desk, command)
            assert (await quick.end("c1")).state == State.DONE
        assert quick.done == ["c1"]


async def test_a_result_that_the_broker_did_not_take_is_told_on_the_next_connection(
    own_broker: Broker, tmp_path: Path
) -> None:
    scene = Scene(own_broker, tmp_path)
    going = asyncio.Event()

    def ready(executor: Executor) -> None:
        async def work(command: Command, telling: Any) -> dict[str, Any]:
            await going.wait()
            return {"done": True}

        executor.register(Type.RUN_DIAGNOSTICS, work)

    async with scene.desk() as desk, scene.executor(ready):
        await scene.send(desk, scene.command("c1"))
        await scene.state("c1", State.RUNNING)
        own_broker.kill()
        await until(lambda: not desk.connected.is_set())
        going.set()
        await until(lambda: _states(scene.file)["c1"] == State.DONE)
        assert _untold(scene.file) == ["c1"]
        own_broker.start(LIMIT)
        await until(lambda: not _untold(scene.file))  # and nobody has asked again
        await until(desk.connected.is_set)
        if not scene.ends("c1"):  # the device was back before the desk: what it told, the broker told nobody
            await scene.send(desk, scene.command("c1"))
        assert (await scene.end("c1")).value == {"done": True}


async def test_an_agent_stopped_at_work_says_so_and_does_not_begin_again(quick: Scene) -> None:
    begun: list[str] = []

    def ready(executor: Executor) -> None:
        async def work(command: Command, telling: Any) -> dict[str, Any]:
            begun.append(command.id)
            await telling(40, "half way")
            await asyncio.sleep(LIMIT)
            return {}

        executor.register(Type.RUN_DIAGNOSTICS, work)

    async with quick.desk() as desk:
        async with quick.executor(ready):
            await quick.send(desk, quick.command("c1"))
            await until(lambda: any(one.progress == 40 for one in quick.heard))
        async with quick.executor(ready):
            end = await quick.end("c1")
    assert end.state == State.FAILED
    assert "the agent stopped" in end.reason
    assert begun == ["c1"]


async def test_what_was_accepted_before_a_kill_is_done_after_it(quick: Scene) -> None:
    journal = Journal(quick.file, now=quick.clock.now())
    command = quick.command("c1")
    journal.add(command, Result(id="c1", number=1, state=State.ACCEPTED, time=1))
    journal.close()
    async with quick.desk(), quick.executor():
        assert (await quick.end("c1")).state == State.DONE
    assert quick.done == ["c1"]


async def test_expiry_by_the_devices_clock_with_tolerance(quick: Scene) -> None:
    old = quick.clock.now() - 10 * MINUTE
    async with quick.desk() as desk, quick.executor():
        await quick.send(desk, quick.command("late", issued=old, lasts=8 * MINUTE))
        assert (await quick.end("late")).state == State.EXPIRED
        await quick.send(desk, quick.command("just", issued=old, lasts=10 * MINUTE - 30 * SECOND))
        assert (await quick.end("just")).state == State.DONE
    assert quick.done == ["just"]


async def test_a_clock_far_behind_lets_nothing_harmful_in(quick: Scene) -> None:
    ahead = quick.clock.now() + DAY
    async with quick.desk() as desk, quick.executor():
        await quick.send(desk, quick.command("r1", REBOOT, issued=ahead))
        end = await quick.end("r1")
        assert (end.state, "clock is 86400 s behind" in end.reason) == (State.REFUSED, True)
        await quick.send(desk, quick.command("d1", issued=ahead))
        assert (await quick.end("d1")).state == State.DONE


async def test_one_harmful_at_a_time_while_harmless_ones_go_on(quick: Scene) -> None:
    going = asyncio.Event()
    order: list[str] = []

    def ready(executor: Executor) -> None:
        async def harmful(command: Command, telling: Any) -> dict[str, Any]:
            order.append(f"+{command.id}")
            await going.wait()
            order.append(f"-{command.id}")
            return {}

        async def harmless(command: Command, telling: Any) -> dict[str, Any]:
            order.append(command.id)
            return {}

        executor.register(Type.REBOOT, harmful)
        executor.register(Type.RUN_DIAGNOSTICS, harmless)

    async with quick.desk() as desk, quick.executor(ready):
        await quick.send(desk, quick.command("r1", REBOOT))
        await quick.send(desk, quick.command("r2", REBOOT))
        await quick.send(desk, quick.command("d1"))
        await quick.end("d1")
        going.set()
        await quick.end("r2")
    assert order == ["+r1", "d1", "-r1", "+r2", "-r2"]


async def test_more_than_the_queue_holds_is_refused_with_its_reason(quick: Scene) -> None:
    going = asyncio.Event()

    def ready(executor: Executor) -> None:
        async def work(command: Command, telling: Any) -> dict[str, Any]:
            await going.wait()
            return {}

        executor.register(Type.REBOOT, work)

    async with quick.desk() as desk, quick.executor(ready):
        for number in range(34):
            await quick.send(desk, quick.command(f"r{number}", REBOOT))
        end = await quick.end("r33")
        assert (end.state, end.reason) == (State.REFUSED, "32 commands wait already")
        going.set()
        assert (await quick.end("r32")).state == State.DONE


async def test_what_fails_refuses_or_gives_too_much_ends_in_a_state_of_its_own(quick: Scene) -> None:
    def ready(executor: Executor) -> None:
        async def work(command: Command, telling: Any) -> dict[str, Any]:
            if command.id == "refuses":
                raise Refusal("the door is open")
            if command.id == "fails":
                raise ValueError("broken\nline")
            if command.id == "sleeps":
                await asyncio.sleep(LIMIT)
            return {"log": "x" * 70_000} if command.id == "floods" else {"odd": object()}

        executor.register(Type.RUN_DIAGNOSTICS, work)

    wanted = {
        "refuses": (State.REFUSED, "the door is open"),
        "fails": (State.FAILED, "broken\\x0aline"),
        "sleeps": (State.FAILED, "it took more than 0.3 s"),
        "floods": (State.DONE, "at most 65536 bytes"),
        "odd": (State.DONE, "unsupported"),
    }
    async with quick.desk() as desk, quick.executor(ready, limit=0.3):
        for key in wanted:
            await quick.send(desk, quick.command(key))
        for key, (state, reason) in wanted.items():
            end = await quick.end(key)
            assert (end.state, reason in end.reason) == (state, True), end


async def test_what_cannot_be_read_is_refused_by_its_id_or_passed_over(quick: Scene) -> None:
    async with quick.desk() as desk, quick.executor():
        topic = quick.device.topic(Channel.COMMAND)
        await desk.publish(topic, b"\xff\xfe nonsense")
        await desk.publish(topic, b'{"id":"new-1","what":{"type":"fly"},"issued":1,"expires":2}')
        assert (await quick.end("new-1")).state == State.REFUSED
        await quick.send(desk, quick.command("snap", Snapshot()))
        assert (await quick.end("snap")).reason == "this device cannot do snapshot"


async def test_retained_and_misdirected_commands_are_passed_over(quick: Scene) -> None:
    async with quick.desk() as desk:
        await quick.send(desk, quick.command("kept"), retain=True)
        async with quick.executor():
            stray = quick.command("stray")
            await desk.publish(
                quick.device.topic(Channel.COMMAND),
                msgspec.json.encode(stray),
                ask=mqtt.Ask("imm/v1/elsewhere/kiosk/k2/result", b"stray"),
            )
            await quick.send(desk, quick.command("good"))
            await quick.end("good")
        await desk.publish(quick.device.topic(Channel.COMMAND), b"", retain=True)
    assert quick.done == ["good"]


async def test_a_reboot_is_done_where_the_machine_has_another_boot(quick: Scene) -> None:
    def ready(boot: str) -> Any:
        def plug(executor: Executor) -> None:
            async def work(command: Command, telling: Any) -> dict[str, Any]:
                await asyncio.sleep(LIMIT)
                return {}

            async def resumed(kept: Kept) -> dict[str, Any]:
                if kept.boot == boot:
                    raise RuntimeError("the machine did not restart")
                return {"boot": boot}

            executor.register(Type.REBOOT, work, resume=resumed)

        return plug

    async with quick.desk() as desk:
        for key, after in (("r1", "b2"), ("r2", "b1")):
            async with quick.executor(ready("b1"), boot="b1"):
                await quick.send(desk, quick.command(key, Reboot()))
                await quick.state(key, State.RUNNING)
            async with quick.executor(ready(after), boot=after):
                await quick.end(key)
    assert quick.ends("r1")[-1].value == {"boot": "b2"}
    assert quick.ends("r2")[-1].reason == "the machine did not restart"


def test_a_damaged_journal_is_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "commands.db"
    file.write_bytes(b"no database" * 1_000)
    journal = Journal(file, now=7)
    assert journal.get("c1") is None
    journal.close()
    assert (tmp_path / "commands.db.damaged-7").exists()


def test_what_is_long_over_and_told_is_forgotten(tmp_path: Path) -> None:
    clock = Fake()
    journal = Journal(tmp_path / "commands.db", now=clock.now())
    for key, told in (("told", 1), ("untold", 0)):
        command = Command(id=key, what=REBOOT, issued=clock.now(), expires=clock.now())
        journal.add(command, Result(id=key, number=1, state=State.DONE, time=clock.now()))
        journal.told(key, told)
    clock.advance((KEEP + SECOND) / SECOND)
    journal.close()
    journal = Journal(tmp_path / "commands.db", now=clock.now())
    assert journal.get("told") is None
    assert journal.get("untold") is not None
    journal.close()


def _come(scene: Scene, count: int) -> bool:
    return len(scene.ends("c1")) >= count


def _states(file: Path) -> dict[str, str]:
    return dict(_rows(file, "SELECT id, state FROM commands"))


def _untold(file: Path) -> list[str]:
    return [key for (key,) in _rows(file, "SELECT id FROM commands WHERE told < number")]


def _rows(file: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as db:
        return db.execute(query).fetchall()
