"""Files that people write, and what somebody may write to stop us."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from runtime import yamldoc
from runtime.yamldoc import Wrong


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    parts: object = None


def read(tmp_path: Path, lines: Iterable[str]) -> list[Thing]:
    path = tmp_path / "things.yaml"
    path.write_text("\n".join(lines) + "\n")
    return [thing for thing, _ in yamldoc.records(path, Thing)]


def refused(tmp_path: Path, lines: Iterable[str]) -> tuple[int, str]:
    with pytest.raises(Wrong) as wrong:
        read(tmp_path, lines)
    assert wrong.value.path == tmp_path / "things.yaml"
    return wrong.value.line, wrong.value.reason


def laughs(levels: int, width: int = 9) -> list[str]:
    """Each line repeats the one above it `width` times."""
    lines = ["- name: lol", "  parts:", f"    - &a0 [{', '.join(['lol'] * width)}]"]
    return lines + [
        f"    - &a{level} [{', '.join([f'*a{level - 1}'] * width)}]" for level in range(1, levels)
    ]


def test_an_alias_repeats_what_stands_there(tmp_path: Path) -> None:
    one, two = read(tmp_path, ["- name: one", "  parts: &all [1, 2]", "- name: two", "  parts: *all"])
    assert one.parts == two.parts == [1, 2]


def test_a_few_aliases_of_aliases_are_nothing_to_refuse(tmp_path: Path) -> None:
    assert len(read(tmp_path, laughs(4))) == 1


@pytest.mark.parametrize("levels", [9, 1_000])
def test_a_billion_laughs_are_refused_where_they_become_too_many(tmp_path: Path, levels: int) -> None:
    line, reason = refused(tmp_path, laughs(levels))
    assert reason == f"unfolds to more than {yamldoc.MOST} values: write fewer aliases"
    assert line == 8, "9^6 = 531,441 stand in the line of a5"


def test_what_one_line_holds_and_many_repeat_is_counted_as_often(tmp_path: Path) -> None:
    lines = ["- name: first", "  parts: &all", *["    - 1"] * 1_000]
    for number in range(600):
        lines += [f"- name: n{number}", "  parts: *all"]
    assert refused(tmp_path, lines) == (1, f"unfolds to more than {yamldoc.MOST} values: write fewer aliases")


def test_keys_that_many_mappings_merge_are_counted(tmp_path: Path) -> None:
    lines = ["- name: first", "  parts:", f"    - &m0 {{{', '.join(f'k{n}: 1' for n in range(9))}}}"]
    lines += [f"    - &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}" for n in range(1, 30)]
    _, reason = refused(tmp_path, lines)
    assert reason.startswith("unfolds to more than")


def test_an_alias_that_stands_for_itself_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, ["- name: x", "  parts:", "    - &a [1, *a]"]) == (
        3,
        "an alias in it stands for itself",
    )


def test_what_is_nested_too_deep_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, ["- name: x", "  parts: " + "[" * 1_000 + "]" * 1_000]) == (1, "nested too deep")


@pytest.mark.parametrize("key", ["? [a, b]\n  : 1", "? {a: b}\n  : 1"])
def test_a_key_that_is_no_word_is_refused(tmp_path: Path, key: str) -> None:
    assert refused(tmp_path, ["- name: x", f"  {key}"]) == (2, "a key is to be a word")


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, ["- name: x", "  name: y"]) == (2, "name: given twice")


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    _, reason = refused(tmp_path, ["- name: x", "#" * yamldoc.LARGEST])
    assert reason == f"larger than {yamldoc.LARGEST} bytes"
