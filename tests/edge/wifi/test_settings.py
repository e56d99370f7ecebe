"""What is wrong in `[wifi]` is named with its reason, before anything is read."""

from pathlib import Path

import pytest

from edge.settings import Settings
from edge.wifi.build import watching
from runtime.clock import System
from runtime.ports import free_port
from runtime.settings import Wrong, load

TOP = 'site = "bima"\ndevice = "wifi-1"\n'


def read(folder: Path, text: str) -> Settings:
    file = folder / "agent.toml"
    file.write_text(TOP + text)
    return load(Settings, file, env={}, prefix="IMM_EDGE_")


def test_a_source_that_is_named_is_chosen_with_its_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, "").wifi.linux is None
    chosen = read(tmp_path, "[wifi.linux]\n").wifi
    assert chosen.linux is not None
    assert chosen.linux.interfaces == ()
    two = '[[wifi.openwrt]]\nname = "a"\naddress = "http://h/"\n[[wifi.openwrt]]\nname = "b"\naddress = "http://h/"\n'
    assert [one.name for one in read(tmp_path, two).wifi.openwrt] == ["a", "b"]


SNMP = '[[wifi.snmp]]\nname = "s"\nhost = "h"\n'
RADIUS = "[wifi.radius]\n[[wifi.radius.clients]]\n"


@pytest.mark.parametrize(
    "text,reason",
    [
        ('[[wifi.openwrt]]\nname = "ap_1"\naddress = "http://h/"', "name ap_1"),
        ('[[wifi.openwrt]]\nname = "a"\naddress = "ftp://h/"', "address: ftp"),
        ('[[wifi.openwrt]]\nname = "a"\naddress = "http://u:p@h/"', "without user or password"),
        ('[[wifi.openwrt]]\nname = "a"\naddress = "http://h/"\nevery = -1', "every -1"),
        ('[[wifi.openwrt]]\nname = "a"\naddress = "http://h/"\npatience = 90', "patience 90"),
        (
            '[[wifi.openwrt]]\nname = "s"\naddress = "http://h/"\n'
            + SNMP
            + 'version = "2c"\ncommunity_file = "c"',
            "twice",
        ),
        (SNMP, "user, auth_file, privacy_file"),
        (SNMP + 'version = "2c"', "community_file"),
        (SNMP + 'version = "1"', "Invalid enum value"),
        (SNMP + 'version = "2c"\ncommunity_file = "c"\nport = 0', "port 0"),
        ("[wifi.radius]\nclients = []", "at least one"),
        (RADIUS + 'name = "a"\nnetwork = "10.0.0.300"\nsecret_file = "s"', "network"),
        (RADIUS + 'name = "a"\nnetwork = "10.0.0.1/24"\nsecret_file = "s"', "host bits"),
        ('[[wifi.portals]]\nurl = "generate_204"', "url"),
        ('[[wifi.downloads]]\nurl = "http://h/f"\nlimit_bytes = 1', "limit_bytes 1"),
        ("[wifi]\ngrace = -1", "grace"),
        ("[wifi]\nopenwrtt = []", "nearest: openwrt"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        read(tmp_path, text)


async def test_a_secret_that_cannot_be_read_is_named_by_its_setting(tmp_path: Path) -> None:
    text = SNMP + f'version = "2c"\ncommunity_file = "{tmp_path}/none"'
    with pytest.raises(Wrong, match="community_file"):
        async with watching(read(tmp_path, text).wifi, System(), tmp_path):
            pass


async def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    text = f"[wifi.radius]\nport = {free_port()}\n[[wifi.radius.clients]]\n"
    text += f'name = "a"\nnetwork = "10.0.0.1"\nsecret_file = "{tmp_path}/secret"'
    taken = read(tmp_path, text).wifi
    async with watching(taken, System(), tmp_path / "one"):
        with pytest.raises(OSError, match="in use"):
            async with watching(taken, System(), tmp_path / "two"):
                pass
