"""Contacts on lines of a chip, which is made up: no kernel here has one. The library is the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.kiosk.contacts import Contacts
from edge.kiosk.lines import hold
from edge.kiosk.settings import Contact

DOOR = Contact(name="front", chip=Path("/dev/gpiochip0"), line="17", pull="up")
LID = Contact(name="lid", chip=Path("/dev/gpiochip0"), line="LID", open=0)


class Chip:
    """Lines by name; unplugged it fails as the kernel does."""

    def __init__(self) -> None:
        self.levels = {"17": True, "LID": True}
        self.there = True
        self.held: list[str] = []

    def hold(self, one: Contact) -> Chip.Line:
        if not self.there:
            raise FileNotFoundError(2, "No such file or directory")
        self.held.append(one.line)
        return self.Line(self, one.line)

    class Line:
        def __init__(self, chip: Chip, name: str) -> None:
            self.chip, self.name = chip, name

        def high(self) -> bool:
            if not self.chip.there:
                raise OSError(19, "No such device")
            return self.chip.levels[self.name]

        def close(self) -> None:
            self.chip.held.remove(self.name)


def seen(contacts: Contacts) -> dict[str, object]:
    return {one.instance: one.value for one in contacts.look()}


def test_lines_are_held_and_told_from_the_second_look_on() -> None:
    chip = Chip()
    contacts = Contacts((DOOR, LID), chip.hold)
    assert seen(contacts) == {}
    assert seen(contacts) == {"front": True, "lid": False}
    chip.levels = {"17": False, "LID": False}
    assert seen(contacts) == {"front": False, "lid": True}
    assert chip.held == ["17", "LID"]
    contacts.close()
    assert chip.held == []


def test_a_chip_that_goes_is_absent_said_once_and_found_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING")
    chip = Chip()
    contacts = Contacts((DOOR,), chip.hold)
    seen(contacts)
    chip.there = False
    for _ in range(5):
        assert seen(contacts) == {}
    assert [one.message.rpartition(": ")[2] for one in caplog.records] == [
        "[Errno 19] No such device",
        "[Errno 2] No such file or directory",
    ]
    chip.there = True
    seen(contacts)
    assert seen(contacts) == {"front": True}


def test_without_the_extra_it_says_what_to_install(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING")

    def missing(_: Contact) -> Chip.Line:
        raise ImportError

    assert seen(Contacts((DOOR,), missing)) == {}
    assert "imm-edge[gpio] is not installed" in caplog.text


def test_the_library_refuses_what_is_no_chip(tmp_path: Path) -> None:
    for place in (tmp_path / "none", Path("/dev/null")):
        with pytest.raises(OSError, match=r"No such file|not a GPIO|ioctl|Inappropriate|device"):
            hold(Contact(name="x", chip=place, line="1"))


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"file": Path("x"), "chip": Path("y"), "line": "1"},
        {"chip": Path("y")},
        {"file": Path("x"), "line": "1"},
    ],
)
def test_a_contact_is_a_file_or_a_line(told: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="contact door"):
        Contact(name="door", **told)  # type: ignore[arg-type]
