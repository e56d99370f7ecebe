"""Indonesian first, English second, nothing untranslated."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from fastapi.testclient import TestClient

from tests.fixtures.stage import Stage
from web import language

WORDS = re.compile(r"%\(\w+\)\w|%%")
PACKAGES = (
    "alerts/rulebook",
    "console",
    "devices/control",
    "devices/pages",
    "programmes/tangi",
    "web",
    "web/account",
    "web/admin",
    "web/notices",
    "web/operations",
    "web/rights",
)  # test_both_languages finds a missing one


@pytest.mark.parametrize(
    "headers, query, shown",
    [
        ({}, "", "Bima sekarang"),
        ({"accept-language": "en-GB,en;q=0.9,id;q=0.5"}, "", "Bima now"),
        ({"accept-language": "jv,id;q=0.8,en;q=0.5"}, "", "Bima sekarang"),
        ({"accept-language": "de"}, "", "Bima sekarang"),
        ({"cookie": "imm_lang=en"}, "", "Bima now"),
        ({"cookie": "imm_lang=en"}, "?lang=id", "Bima sekarang"),
        ({"cookie": "imm_lang=xx"}, "?lang=yy", "Bima sekarang"),
    ],
)
def test_the_reader_gets_the_wished_language(
    client: TestClient, headers: dict[str, str], query: str, shown: str
) -> None:
    known = client.cookies["imm-session"]
    cookie = f"imm-session={known}; {headers.get('cookie', '')}"
    page = client.get(f"/{query}", headers={**headers, "cookie": cookie})
    assert f"<h1>{shown}</h1>" in page.text
    assert f'<html lang="{"id" if "sekarang" in shown else "en"}"' in page.text


def test_a_choice_is_remembered(client: TestClient) -> None:
    assert "imm_lang=en" in client.get("/?lang=en").headers["set-cookie"]
    assert "Bima now" in client.get("/").text
    assert 'data-theme="night"' in client.get("/?theme=night").text
    assert 'data-theme="night"' in client.get("/").text
    client.cookies.delete("imm_theme")
    assert 'data-theme="auto"' in client.get("/?theme=purple").text


@pytest.mark.parametrize("package", PACKAGES)
def test_every_word_has_its_indonesian(root: Path, stage: Stage, package: str) -> None:
    options = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    found = extract_from_dir(
        root / package, [("templates/**.html", "jinja2.ext.babel_extract")], options_map=options
    )
    used = {message for _, _, message, _, _ in found}
    used |= {
        entry.title for one in stage.contributions if one.name == Path(package).name for entry in one.nav
    }
    translated = {
        message.id: message
        for file in (root / package / "locale").glob("id*.po")
        for message in language.read(file)
        if message.id
    }
    assert translated.keys() == used
    for words, message in translated.items():
        first = words if isinstance(words, str) else words[0]
        said = message.string
        assert said
        assert not message.fuzzy
        for text in (said,) if isinstance(said, str) else said:
            assert text
            assert sorted(WORDS.findall(text)) == sorted(WORDS.findall(first)), words
