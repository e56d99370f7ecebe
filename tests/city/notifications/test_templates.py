"""Templates are checked when they are read, and make words in the reader's language."""

from pathlib import Path

import pytest

import city.notifications
from city.notifications import render
from city.notifications.errors import BadTemplate, Unknown
from city.notifications.templates import Catalogue
from city.schedule.opaque import Value
from tests.city.notifications.office import DATA, HERE, JAKARTA

GOOD = """
[topics.t]
id = "Topik"
en = "Topic"

[[notices]]
name = "t.made"
version = 1
topic = "t"
channels = ["inbox"]
path = "/x/{number}"
[notices.placeholders]
number = "text"
who = "private"
[notices.id]
title = "Ada {number}"
text = "Dari {who}"
[notices.en]
title = "New {number}"
text = "From {who}"
"""


def read(folder: Path, text: str) -> Catalogue:
    (folder / "notices").mkdir()
    (folder / "notices" / "t.toml").write_text(text)
    return Catalogue.of([folder, folder / "none"])


def test_a_good_file_is_taken(tmp_path: Path) -> None:
    catalogue = read(tmp_path, GOOD)
    assert [template.name for template in catalogue] == ["t.made"]


@pytest.mark.parametrize(
    "good, bad, said",
    [
        ("{number}", "{numbre}", "numbre is no placeholder"),
        ("From {who}", "From {who.__class__}", "not the plain name"),
        ("From {who}", "From {who!r}", "not the plain name"),
        ("From {who}", "From {who", "id|en|expected"),
        ("From {who}", "From {}", "not the plain name"),
        ("/x/{number}", "/x/{who}", "tells of a person"),
        ("/x/{number}", "x/{number}", "begins with /"),
        ('who = "private"', 'who = "private"\nmore = "text"', "more is declared and never used"),
        ('who = "private"', 'who = "private"\nname = "text"', "name is every template's"),
        ('topic = "t"', 'topic = "u"', "not declared"),
        ('channels = ["inbox"]', "channels = []", "channels"),
        ('channels = ["inbox"]', 'channels = ["pigeon"]', "pigeon"),
        ("version = 1", "version = 0", "version"),
        ('title = "New {number}"', 'title = "New\\n{number}"', "one line"),
        ("[notices.en]", "[notices.fr]", "en|fr"),
        ('who = "private"', 'who = "secret"', "secret"),
        ("[topics.t]", "[topics", "file"),
    ],
)
def test_a_bad_one_is_refused_at_the_start(tmp_path: Path, good: str, bad: str, said: str) -> None:
    assert good in GOOD
    with pytest.raises(BadTemplate, match=said):
        read(tmp_path, GOOD.replace(good, bad))


def test_names_are_given_once(tmp_path: Path) -> None:
    twice = GOOD + GOOD[GOOD.index("[[notices]]") :]
    with pytest.raises(BadTemplate, match="version 1 is there already"):
        read(tmp_path, twice)
    (tmp_path / "notices" / "t.toml").write_text(GOOD)
    (tmp_path / "notices" / "u.toml").write_text(GOOD)
    with pytest.raises(BadTemplate, match="a topic of this name"):
        Catalogue.of([tmp_path])


def test_versions() -> None:
    catalogue = Catalogue.of([HERE])
    assert catalogue.newest("drill.reply").version == 2
    assert catalogue.get("drill.reply", 1).id.title == "Jawaban untuk {ticket}"
    assert catalogue.get("drill.reply", 7).version == 2, "one that was taken out too early"
    with pytest.raises(Unknown):
        catalogue.newest("drill.none")


@pytest.mark.parametrize(
    "language, text",
    [
        ("id", "Yth. Siti, insiden TGI-2026-000123 dibuka 24 November 2026 12.00, 1.250 orang terdampak."),
        ("en", "Dear Siti, TGI-2026-000123 was opened 24 November 2026 12:00, 1,250 people are affected."),
        ("xx", "Yth. Siti, insiden TGI-2026-000123 dibuka 24 November 2026 12.00, 1.250 orang terdampak."),
    ],
)
def test_words_in_the_readers_language(language: str, text: str) -> None:
    template = Catalogue.of([HERE]).newest("drill.incident-opened")
    message = render.message(
        template, DATA, language=language, zone=JAKARTA, name="Siti", site="https://imm.example/"
    )
    assert message.text == text
    assert message.link == "https://imm.example/insiden/TGI-2026-000123"


def test_a_value_cannot_break_out() -> None:
    template = Catalogue.of([HERE]).newest("drill.incident-opened")
    evil: dict[str, Value] = {
        "number": "x\r\nBcc: all@x {code} /../../?a=b#",
        "opened": 0,
        "affected": "many",
    }
    message = render.message(template, evil, language="en", zone=JAKARTA, name="Eve\n{name}")
    assert "\n" not in message.title
    assert "{code}" in message.title
    assert (
        render.path_of(template, evil)
        == "/insiden/x%0D%0ABcc%3A%20all%40x%20%7Bcode%7D%20%2F..%2F..%2F%3Fa%3Db%23"
    )


def test_what_was_erased_shows_as_such() -> None:
    template = Catalogue.of([HERE]).newest("drill.reply")
    message = render.message(template, {"ticket": "A-1"}, language="id", zone=JAKARTA)
    assert message.text == "… membalas A-1."
    assert message.short == "Balasan A-1: … membalas A-1."


def test_our_own_are_good() -> None:
    catalogue = Catalogue.of([Path(city.notifications.__file__).parent])
    message = render.message(
        catalogue.newest("account.code"), {"code": "123456"}, language="id", zone=JAKARTA
    )
    assert message.short.startswith("123456 adalah kode masuk Anda.")
    assert len(message.short) <= 160, "one SMS"
