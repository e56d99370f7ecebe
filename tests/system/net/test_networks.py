"""Agents on networks as they are: nothing lost, doubled or out of order, and each loss told once."""

import asyncio
from collections.abc import Mapping

import pytest

from tests.system.net.cases import CASES, HOURS, RESETS, Played, play
from tests.system.net.stage import Outcome

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]
TOLD = ["link", "moved", "stalled", "far"]  # lost for long enough that somebody should know
UNTOLD = ["bad", "reset", "near"]
ENOUGH = 30  # samples in two hours: a busy machine takes fewer than one each half a minute
WHOLE = sorted(CASES.keys() - {"small"})


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(play(tmp_path_factory.mktemp("net"), "mosquitto"))


@pytest.fixture
def outcomes(played: Played) -> Mapping[str, Outcome]:
    return played.outcomes


def test_the_ledger_agrees_and_batches_left_in_order(played: Played) -> None:
    sums, shed = played.ledger, played.outcomes["small"].book.shed
    assert sums["missing"] == 0, sums
    counted = sums["stored"] - sums["unsequenced"]  # statuses are of no stream
    assert sums["recorded"] == counted + shed, sums
    assert played.seen > 100, "nobody watched"
    assert played.violations == 0


@pytest.mark.parametrize("name", WHOLE)
def test_everything_recorded_is_stored_once(outcomes: Mapping[str, Outcome], name: str) -> None:
    found = outcomes[name]
    assert found.book.recorded == found.book.stored == found.readable > 0, found.book
    assert not found.book.shed, found.book
    assert not found.book.dead, found.book
    assert not found.book.holes, found.book


@pytest.mark.parametrize("name", TOLD)
def test_a_loss_is_told_once_and_is_over(outcomes: Mapping[str, Outcome], name: str) -> None:
    found = outcomes[name]
    (alert,) = found.alerts
    assert alert["resolved"], alert
    if name != "stalled":  # there connections that came too late each take the line for a moment
        assert found.states == ("online", "offline", "online"), found.states


@pytest.mark.parametrize("name", UNTOLD)
def test_a_line_that_is_back_at_once_calls_nobody(outcomes: Mapping[str, Outcome], name: str) -> None:
    assert not outcomes[name].alerts
    assert outcomes[name].states[-1] == "online"


@pytest.mark.parametrize("name", ["link", "moved", "far", "near"])
def test_a_late_will_does_not_undo_a_return(outcomes: Mapping[str, Outcome], name: str) -> None:
    heard = [(status.state, status.connection) for status in outcomes[name].statuses]
    back = next(place for place, (state, attempt) in enumerate(heard) if state == "online" and attempt > 1)
    assert ("offline", 1) in heard[back:], heard
    assert outcomes[name].states[-1] == "online", "it was taken for the last word"


@pytest.mark.parametrize("name", ["link", "moved", "stalled", "deaf", "far"])
def test_an_agent_notices_a_line_on_which_nothing_comes(outcomes: Mapping[str, Outcome], name: str) -> None:
    log = outcomes[name].log
    assert "no sign of life" in log or "no PUBACK within" in log, log[-2_000:]


def test_a_connection_that_only_loses_packets_stands(outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes["bad"].relay.taken == 1
    assert outcomes["bad"].states == ("online",)


def test_batches_were_cut_in_the_middle(outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes["reset"].relay.resets == RESETS
    assert outcomes["reset"].relay.taken == RESETS + 1


def test_two_hours_without_a_network_are_all_there(outcomes: Mapping[str, Outcome]) -> None:
    times = outcomes["hours"].times
    assert times[-1] - times[0] >= 0.98 * HOURS * 1e6
    assert len(times) > ENOUGH, "it hardly sampled"


def test_what_a_small_spool_gave_up_is_declared(outcomes: Mapping[str, Outcome]) -> None:
    book = outcomes["small"].book
    assert book.recorded == book.stored + book.shed, book
    assert book.stored == outcomes["small"].readable > 0, book
    assert book.shed > 0, book
    assert {hole["reason"] for hole in book.holes} == {"full"}, book
