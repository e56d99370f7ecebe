"""The roster file: what it answers, and what it refuses."""

from pathlib import Path

import pytest

from contracts.roster import Producer
from contracts.topics import Device, Kind
from devices.errors import BadRoster
from devices.roster import Roster

GOOD = """
[[device]]
device = "wifi-02"
kind = "wifi"
site = "bima"
operator = "Telkomsel"

[[device]]
device = "kiosk-01"
kind = "kiosk"
site = "bima"
maintenance = [{ start = 100, end = 200, reason = "ganti kipas" }]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "roster.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_lists_in_order_and_filters(tmp_path: Path) -> None:
    roster = Roster.load(written(tmp_path, GOOD))
    assert [entry.device for entry in roster.list()] == ["kiosk-01", "wifi-02"]
    assert [entry.device for entry in roster.list(kind=Kind.WIFI)] == ["wifi-02"]
    assert roster.list(site="elsewhere") == []


def test_knows_maintenance(tmp_path: Path) -> None:
    entry = Roster.load(written(tmp_path, GOOD)).get("kiosk-01")
    assert entry is not None
    assert [entry.maintained(time) for time in (99, 100, 199, 200)] == [False, True, True, False]


def test_unknown_device_is_none(tmp_path: Path) -> None:
    assert Roster.load(written(tmp_path, GOOD)).get("nobody") is None


def test_a_producer_is_known_at_every_site_and_is_no_device_to_list(tmp_path: Path) -> None:
    roster = Roster.load(written(tmp_path, GOOD), [Producer(device="analytics")])
    entry = roster.get("analytics")
    assert entry is not None
    for site in ("bima", "kejaksan"):
        assert entry.speaks_as(Device(site=site, kind=Kind.CITY, device="analytics"))
        assert not entry.speaks_as(Device(site=site, kind=Kind.KIOSK, device="analytics"))
    assert not entry.speaks_as(Device(site="bima", kind=Kind.CITY, device="other"))
    assert "analytics" not in [entry.device for entry in roster.list()]


def test_no_device_takes_a_producers_name(tmp_path: Path) -> None:
    with pytest.raises(BadRoster, match="wifi-02 is called like a part of the platform"):
        Roster.load(written(tmp_path, GOOD), [Producer(device="wifi-02")])


@pytest.mark.parametrize(
    "text, reason",
    [
        (GOOD + GOOD.split("\n\n", maxsplit=1)[0], "twice"),
        ('[[device]]\ndevice="K 1"\nkind="kiosk"\nsite="bima"', "inner hyphens"),
        ('[[device]]\ndevice="k1"\nkind="boat"\nsite="bima"', "boat"),
        ('[[device]]\ndevice="k1"\nkind="kiosk"\nsite="platform"', "reserved"),
        ("[[gadget]]\n", "gadget"),
        ("[[device", "Expected"),
    ],
)
def test_refuses_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(BadRoster, match=reason):
        Roster.load(written(tmp_path, text))


def test_missing_file_names_itself(tmp_path: Path) -> None:
    with pytest.raises(BadRoster, match=r"nowhere\.toml"):
        Roster.load(tmp_path / "nowhere.toml")
