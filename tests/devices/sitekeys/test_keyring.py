"""Keys live for a day of Cirebon and one life of the process; the limits of who asks too often."""

from pathlib import Path

import pytest

from contracts import sitekeys
from contracts.instants import HOUR, SECOND
from devices.sitekeys.keyring import MOST_SITES, Keyring
from devices.sitekeys.limits import BURST, Limits
from runtime.clock import Fake
from runtime.memory import Locked, _swaps, harden

NOON = sitekeys.bounds("2026-11-30")[0] + 12 * HOUR


def at(time: int) -> Fake:
    clock = Fake()
    clock.advance((time - clock.now()) / SECOND)
    return clock


def test_a_site_has_one_key_a_day_and_each_its_own() -> None:
    keyring = Keyring(at(NOON), ahead=1_800)
    (first,) = keyring.keys("bima")
    assert keyring.keys("bima") == (first,)
    (other,) = keyring.keys("kesambi")
    assert (first.day, first.site, len(first.secret)) == ("2026-11-30", "bima", 32)
    assert first.secret != other.secret
    assert first.id != other.id
    assert first.id not in first.secret.hex()


def test_before_midnight_the_next_day_is_given_and_after_it_the_old_one_is_gone() -> None:
    clock = at(NOON)
    keyring = Keyring(clock, ahead=1_800)
    (today,) = keyring.keys("bima")
    clock.advance(11.6 * 3_600)  # 23:36
    both = keyring.keys("bima")
    assert [key.day for key in both] == ["2026-11-30", "2026-12-01"]
    assert both[0] == today
    clock.advance(1_800)  # 00:06
    assert keyring.keys("bima") == (both[1],)
    assert keyring.sites() == 1


def test_a_new_start_makes_new_keys() -> None:
    first, second = (Keyring(at(NOON), ahead=1_800).keys("bima")[0] for _ in range(2))
    assert first.id != second.id
    assert first.secret != second.secret


def test_what_is_forgotten_is_wiped() -> None:
    keyring = Keyring(at(NOON), ahead=1_800)
    keyring.keys("bima")
    ((_, locked),) = keyring._kept.values()
    keyring.wipe()
    assert keyring.sites() == 0
    with pytest.raises(ValueError, match="closed"):
        locked.view()


def test_sites_are_bounded() -> None:
    keyring = Keyring(at(NOON), ahead=1_800, draw=bytes)
    for number in range(MOST_SITES):
        keyring.keys(f"s{number}")
    with pytest.raises(RuntimeError, match="more than"):
        keyring.keys("one-more")


def test_a_locked_secret_is_not_printed_and_wiped_to_its_last_byte() -> None:
    locked = Locked(b"PLANTED")
    assert bytes(locked.view()) == b"PLANTED"
    assert "PLANTED" not in repr(locked)
    view = locked.view()
    with pytest.raises(BufferError):  # the view is still out: the bytes are gone all the same
        locked.wipe()
    assert bytes(view) == bytes(7)
    view.release()
    locked.wipe()
    locked.wipe()


def test_a_process_that_hardens_writes_no_core() -> None:
    import multiprocessing
    import resource

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        said = pool.apply(harden)
        assert all(line.partition(":")[0] in {"swap", "core dumps"} for line in said)
        assert pool.apply(resource.getrlimit, (resource.RLIMIT_CORE,)) == (0, 0)


@pytest.mark.parametrize(
    "swaps,most,may",
    [("Filename\n", "max", False), ("Filename\n/swap\n", "max", True), ("Filename\n/swap\n", "0", False)],
)
def test_where_nothing_is_swapped_nothing_need_be_locked(
    tmp_path: Path, swaps: str, most: str, may: bool
) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "swaps").write_text(swaps)
    (tmp_path / "self" / "cgroup").write_text("0::/imm.slice\n")
    (tmp_path / "imm.slice").mkdir()
    (tmp_path / "imm.slice" / "memory.swap.max").write_text(f"{most}\n")
    assert _swaps(tmp_path, tmp_path) is may
    assert _swaps(tmp_path / "missing", tmp_path) is True


def test_who_asks_too_often_waits_and_nobody_else() -> None:
    clock = Fake()
    limits = Limits(clock, per_hour=60)
    assert [limits.wait("a") for _ in range(BURST)] == [0.0] * BURST
    assert limits.wait("a") == pytest.approx(60, abs=0.1)
    assert limits.wait("b") == 0.0
    clock.advance(61)
    assert limits.wait("a") == 0.0
    assert limits.wait("a") > 0
