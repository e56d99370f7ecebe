"""What a kiosk's parts say, read from real files; what a machine lacks is absent, not zero."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from contracts import measurements, senml
from contracts.series import Block
from contracts.topics import Device, Kind
from edge.kiosk.boots import Boots
from edge.kiosk.build import watching
from edge.kiosk.cameras import cameras
from edge.kiosk.contacts import Contacts
from edge.kiosk.player import Health
from edge.kiosk.power import power
from edge.kiosk.screen import screen
from edge.kiosk.settings import Contact, Player
from edge.kiosk.settings import Settings as Kiosk
from edge.kiosk.tree import Tree
from edge.kiosk.wear import wear
from edge.recorder import Reading, series
from edge.settings import Settings, Spool
from edge.state import Folder
from runtime.clock import Fake, System

DEVICE = Device(site="bima", kind=Kind.KIOSK, device="k1")


def lay(root: Path, files: dict[str, str]) -> Tree:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content + "\n")
    return Tree(root)


def values(readings: Iterable[Reading]) -> dict[tuple[str, str], object]:
    """By name; what ingest would refuse must not leave."""
    found = list(readings)
    block = Block()
    for reading in found:
        known = measurements.find(reading.metric)
        assert known, reading
        if known.high is not None:
            assert known.low is not None
            assert isinstance(reading.value, float)
            assert known.low <= reading.value <= known.high, reading
        block.append(series(DEVICE, reading), 1_790_000_000_000_000, reading.value)
    if found:
        now = 1_790_000_000_000_000
        assert senml.decode(senml.encode(block), "", DEVICE, now=now, block=Block()) == len(found)
    return {(reading.metric, reading.instance): reading.value for reading in found}


def test_an_empty_machine_has_nothing(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for part in (wear, screen, power, cameras):
        assert values(part(tree)) == {}
    assert values(Contacts((Contact(name="door", file=tmp_path / "none"),)).look()) == {}


def test_a_chip_tells_its_wear(tmp_path: Path) -> None:
    device = "sys/block/mmcblk0/device"
    tree = lay(tmp_path, {f"{device}/life_time": "0x02 0x07", f"{device}/pre_eol_info": "0x01"})
    assert values(wear(tree)) == {("disk.wear", "mmcblk0"): 0.7, ("disk.worn", "mmcblk0"): False}
    lay(tmp_path, {f"{device}/life_time": "0x0b 0x00", f"{device}/pre_eol_info": "0x03"})
    assert values(wear(tree)) == {("disk.wear", "mmcblk0"): 1.0, ("disk.worn", "mmcblk0"): True}
    lay(tmp_path, {f"{device}/life_time": "0x00 0x00", f"{device}/pre_eol_info": "0x00"})
    assert values(wear(tree)) == {}


def test_a_screen_is_connected_and_on_and_lit(tmp_path: Path) -> None:
    drm = "sys/class/drm"
    tree = lay(
        tmp_path,
        {
            f"{drm}/card0-HDMI-A-1/status": "connected",
            f"{drm}/card0-HDMI-A-1/enabled": "enabled",
            f"{drm}/card0-HDMI-A-1/dpms": "On",
            f"{drm}/card0-HDMI-A-1/modes": "1920x1080\n1280x720",
            f"{drm}/card0-HDMI-A-2/status": "disconnected",
            f"{drm}/card0-Writeback-1/status": "unknown",
            f"{drm}/version": "drm 1.1.0",
            "sys/class/backlight/10-0045/max_brightness": "255",
            "sys/class/backlight/10-0045/actual_brightness": "51",
        },
    )
    assert values(screen(tree)) == {
        ("screen.connected", "HDMI-A-1"): True,
        ("screen.on", "HDMI-A-1"): True,
        ("screen.mode", "HDMI-A-1"): "1920x1080",
        ("screen.connected", "HDMI-A-2"): False,
        ("screen.brightness", "10-0045"): 0.2,
    }
    lay(tmp_path, {f"{drm}/card0-HDMI-A-1/dpms": "Off", "sys/class/backlight/10-0045/bl_power": "4"})
    found = values(screen(tree))
    assert found["screen.on", "HDMI-A-1"] is False
    assert found["screen.brightness", "10-0045"] == 0.0


def test_power_cameras_and_doors(tmp_path: Path) -> None:
    supply = "sys/class/power_supply"
    tree = lay(
        tmp_path,
        {
            f"{supply}/AC/type": "Mains",
            f"{supply}/AC/online": "0",
            f"{supply}/BAT0/type": "Battery",
            f"{supply}/BAT0/capacity": "87",
            f"{supply}/BAT0/status": "Discharging",
            f"{supply}/mouse/type": "Battery",
            f"{supply}/mouse/scope": "Device",
            f"{supply}/mouse/capacity": "5",
            "sys/class/hwmon/hwmon1/name": "rpi_volt",
            "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1",
            "sys/class/video4linux/video0/index": "0",
            "sys/class/video4linux/video1/index": "1",
            "sys/class/gpio/gpio17/value": "1",
            "sys/class/gpio/gpio18/value": "1",
        },
    )
    assert values(power(tree)) == {
        ("power.mains", "AC"): False,
        ("battery.level", "BAT0"): 87.0,
        ("power.on-battery", "BAT0"): True,
        ("power.undervoltage", ""): True,
    }
    assert values(cameras(tree)) == {("camera.count", ""): 1.0}
    gpio = tmp_path / "sys/class/gpio"
    doors = (
        Contact(name="front", file=gpio / "gpio17/value"),
        Contact(name="back door", file=gpio / "gpio18/value", open=0),
    )
    assert values(Contacts(doors).look()) == {("door.open", "front"): True, ("door.open", "back-door"): False}


def test_boots_are_counted_with_their_reason(tmp_path: Path) -> None:
    folder, clock = Folder(tmp_path / "home"), Fake()
    folder.prepare()
    tree = Tree(tmp_path)

    def start(boot: str) -> tuple[Boots, dict[tuple[str, str], object]]:
        boots = Boots(folder, tree, clock, boot=boot)
        return boots, values(boots.look())

    boots, found = start("a")
    assert found == {("boot.count", ""): 1.0, ("boot.reason", ""): "first"}
    assert values(boots.look()) == {("boot.count", ""): 1.0}, "the reason is told once an hour"
    clock.advance(3_600)
    assert ("boot.reason", "") in values(boots.look())
    boots.close()
    assert start("a")[1]["boot.count", ""] == 1.0, "the agent started, not the machine"
    assert start("b")[1] == {("boot.count", ""): 2.0, ("boot.reason", ""): "abrupt"}
    boots, _ = start("b")
    boots.close()
    assert start("c")[1]["boot.reason", ""] == "orderly"
    lay(tmp_path, {"sys/class/watchdog/watchdog0/bootstatus": "32"})
    assert start("d")[1]["boot.reason", ""] == "watchdog"
    lay(tmp_path, {"sys/fs/pstore/dmesg-efi-1": "Oops"})
    assert start("e")[1] == {("boot.count", ""): 5.0, ("boot.reason", ""): "panic"}


def test_a_player_lives_while_its_process_is_there_and_its_heart_beats(tmp_path: Path) -> None:
    pid, beat, clock = tmp_path / "pid", tmp_path / "beat", Fake()
    health = Health(Player(pid_file=pid, heartbeat_file=beat, stale=30), clock)
    assert values(health.look()) == {("player.up", ""): False}
    with subprocess.Popen(["sleep", "60"]) as process:
        pid.write_text(f"{process.pid}\n")
        beat.write_text("1")
        found = values(health.look())
        assert found["player.up", ""] is True
        assert found["player.age", ""] == 0.0
        assert isinstance(found["player.memory", ""], float)
        clock.advance(31)
        clock.jump(-(10**6))
        assert values(health.look())["player.up", ""] is False, "the heart stands still"
        beat.unlink()
        beat.write_text("2")
        assert values(health.look())["player.up", ""] is True
        process.kill()
        process.wait()
        found = values(health.look())
        assert found["player.up", ""] is False
        assert ("player.memory", "") not in found


@pytest.mark.parametrize("pid", ["", "x", "-1", str(2**80), "4194305"])
def test_a_pid_file_that_names_nobody_is_a_player_that_is_down(tmp_path: Path, pid: str) -> None:
    (tmp_path / "pid").write_text(pid)
    assert values(Health(Player(pid_file=tmp_path / "pid"), Fake()).look()) == {("player.up", ""): False}


async def test_a_kiosk_is_watched_by_what_its_settings_choose(tmp_path: Path) -> None:
    lay(tmp_path / "root", {"sys/class/drm/card1-DSI-1/status": "connected"})
    chosen = Settings(
        site="bima",
        device="k1",
        spool=Spool(path=tmp_path / "home" / "spool.db"),
        kiosk=Kiosk(player=Player(pid_file=tmp_path / "none"), ups="127.0.0.1:1"),
    )
    with watching(chosen, System(), root=tmp_path / "root") as sources:
        by_name = {source.name: source for source in sources}
        assert set(by_name) == {"host", "parts", "player", "touch", "printers", "ups"}
        found = values(await by_name["parts"].read())
        assert found["screen.connected", "DSI-1"] is True
        assert await by_name["touch"].read() == []
        with pytest.raises(OSError, match=r"."):
            await by_name["ups"].read()
    with watching(Settings(site="bima", device="k1", spool=chosen.spool), System()) as sources:
        assert {source.name for source in sources} == {"host", "parts", "touch", "printers"}
