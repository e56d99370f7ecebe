"""What people read is there in both languages: in every package's templates, in code, figures and plurals."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from babel.messages.extract import extract_from_dir

from contracts import instants
from tests.web.test_language import PACKAGES
from web import figures, language
from web.language import Language

ID, EN = Language.INDONESIAN, Language.ENGLISH
HOLES = re.compile(r"\{[^{}]*\}|%\(\w+\)\w")
# File → why a sentence there has one language only.
SAID_BY_PEOPLE = {"programmes/tangi/examples.py": "a note in the words of who wrote it"}


class Sentence(NamedTuple):
    """A `Text(id=…, en=…)` of which both are written out."""

    file: str
    line: int
    id: str
    en: str


@pytest.fixture(scope="module")
def sentences(root: Path, folders: list[str]) -> list[Sentence]:
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                name = str(path.relative_to(root))
                found += [Sentence(name, *one) for one in _texts(path.read_text(encoding="utf-8"))]
    return found


def _texts(code: str) -> Iterator[tuple[int, str, str]]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
            said = {
                one.arg: one.value.value
                for one in node.keywords
                if isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
            }
            if set(said) == {"id", "en"}:
                yield node.lineno, said["id"], said["en"]


def test_every_package_that_speaks_has_its_words(root: Path, folders: list[str]) -> None:
    speaking = set()
    for folder in folders:
        for templates in (root / folder).rglob("templates"):
            if "node_modules" in templates.parts:
                continue
            if next(extract_from_dir(templates, [("**.html", "jinja2.ext.babel_extract")]), None):
                speaking.add(str(templates.parent.relative_to(root)))
    assert speaking == set(PACKAGES)
    assert all(list((root / package / "locale").glob("id*.po")) for package in PACKAGES)


def test_every_sentence_in_code_is_said_in_both_languages(sentences: list[Sentence]) -> None:
    assert len(sentences) > 50
    lacking = [
        one
        for one in sentences
        if bool(one.id.strip()) != bool(one.en.strip()) and one.file not in SAID_BY_PEOPLE
    ]
    assert not lacking
    assert {one.file for one in sentences if bool(one.id) != bool(one.en)} == set(SAID_BY_PEOPLE)


def test_both_tell_the_same_things(sentences: list[Sentence]) -> None:
    assert not [
        one
        for one in sentences
        if one.id and one.en and sorted(HOLES.findall(one.id)) != sorted(HOLES.findall(one.en))
    ]


def test_a_lacking_sentence_would_be_found() -> None:
    assert list(_texts('Text(id="ya", en="")\nText(id=a, en="x")\nText(en="b {c}", id="d")')) == [
        (1, "ya", ""),
        (3, "d", "b {c}"),
    ]


def test_indonesian_has_one_form_for_one_and_many(root: Path) -> None:
    plurals = 0
    for package in PACKAGES:
        for file in (root / package / "locale").glob("id*.po"):
            catalogue = language.read(file)
            assert catalogue.num_plurals == 1, file
            for message in catalogue:
                if isinstance(message.id, tuple):
                    plurals += 1
                    assert isinstance(message.string, tuple)
                    assert len(message.string) == 1, message.id
    assert plurals


def test_plurals_in_both_languages(root: Path) -> None:
    words = language.load(root / package / "locale" for package in PACKAGES)
    one, many = "%(num)d message refused and kept", "%(num)d messages refused and kept"
    said = {chosen: [words[chosen].ngettext(one, many, number) for number in (1, 2)] for chosen in Language}
    assert said[EN] == [one, many]
    assert said[ID][0] == said[ID][1] != one
    assert "%(num)d" in said[ID][0]


@pytest.mark.parametrize(
    "amount, indonesian, english",
    [
        (1_250_000, "Rp1.250.000", "Rp1,250,000"),
        (0, "Rp0", "Rp0"),
        (-75_000, "-Rp75.000", "-Rp75,000"),
    ],
)
def test_money_as_people_write_it(amount: int, indonesian: str, english: str) -> None:
    assert figures.rupiah(amount, ID) == indonesian
    assert figures.rupiah(amount, EN) == english


def test_days_and_numbers() -> None:
    august = instants.from_rfc3339("2026-08-16T18:00:00Z")  # an hour after midnight in Cirebon
    assert figures.day(august, ID) == "17 Agu 2026"
    assert figures.day(august, EN) == "17 Aug 2026"
    assert figures.number(1_234.5, ID, 1) == "1.234,5"
    assert figures.number(0.125, ID) == "0,12"
