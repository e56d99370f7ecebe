from pathlib import Path

import pytest

from analytics import rules
from contracts.rules import Absence, HourOfWeek, Threshold
from runtime.yamldoc import Wrong

GOOD = """\
# a comment
- id: kiosk-hot
  title: { id: Panas, en: Hot }
  severity: severe
  select: { kind: kiosk, metrics: [temperature] }
  test:
    type: threshold
    limit: 80
    clear: 70
- id: kiosk-silent
  title: { id: Diam, en: Silent }
  severity: moderate
  select: { kind: kiosk }
  test: { type: absence, silence: 60 }
"""


def written(folder: Path, text: str, name: str = "rules.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_file_is_a_list_of_rules(tmp_path: Path) -> None:
    hot, silent = rules.load([written(tmp_path, GOOD)])
    assert hot.id == "kiosk-hot"
    assert hot.test == Threshold(limit=80, clear=70)
    assert silent.test == Absence(silence=60)


def test_the_bima_rules_are_sound(root: Path) -> None:
    found = rules.load([root / "deploy" / "rules" / "bima.yaml"])
    assert {type(rule.test) for rule in found} == {Threshold, Absence, HourOfWeek}
    assert all(rule.title.id and rule.title.en for rule in found)


def test_a_rule_that_is_switched_off_is_left_out(tmp_path: Path) -> None:
    text = GOOD.replace("- id: kiosk-hot\n", "- id: kiosk-hot\n  enabled: false\n")
    assert [rule.id for rule in rules.load([written(tmp_path, text)])] == ["kiosk-silent"]


def test_an_empty_file_has_no_rules(tmp_path: Path) -> None:
    assert rules.load([written(tmp_path, "# nothing yet\n")]) == []


@pytest.mark.parametrize(
    "old,new,line,reason",
    [
        ("limit: 80", "limit: hot", 8, "Expected `float`, got `str`"),
        ("limit: 80", "limt: 80", 8, "limt"),
        ("    clear: 70", "    clear: 70\n    holdd: 1", 10, "holdd"),
        ("limit: 80", "limit: 80\n    limit: 81", 9, "given twice"),
        ("severity: severe", "severity: bad", 4, "Invalid enum value 'bad'"),
        ("type: threshold", "type: treshold", 7, "Invalid value 'treshold'"),
        ("id: kiosk-hot", "id: Kiosk Hot", 2, "1 to 64 of a-z"),
        ("id: kiosk-silent", "id: kiosk-hot", 10, "already in"),
        ("title: { id: Panas, en: Hot }", "title: Hot", 3, "Expected `object`"),
        ("kind: kiosk, metrics: [temperature]", "kind: toaster", 5, "toaster"),
        ("metrics: [temperature]", "metric: [temperature]", 5, "metric"),
        ("kind: kiosk, metrics: [temperature]", "kind: kiosk", 5, "name at least one"),
        ("limit: 80", "limit: 800", 8, "never reached"),
        ("metrics: [temperature]", "metrics: [temperature, status]", 5, "status is text"),
        ("metrics: [temperature]", "metrics: [temperature, visitors.sketch]", 5, "shown to nobody"),
        ("metrics: [temperature]", "metrics: [network.up]", 8, "network.up is 0 or 1"),
        ("metrics: [temperature]", "metrics: [event.alarm]", 8, "event.alarm is 0 or 1"),
        ("clear: 70", "clear: 81", 9, "wrong side"),
        ("clear: 70", "hold: -1", 9, "not negative"),
        ("clear: 70", "side: both", 9, "write two rules"),
        ("silence: 60", "silence: 0", 14, "more than none"),
        ("type: absence, silence: 60", "type: hour_of_week", 13, "name at least one"),
        ("- id: kiosk-silent", "- [kiosk-silent", 11, "not YAML"),
        (GOOD, "id: kiosk-hot", 1, "list of rules"),
        (GOOD, "- !!python/object:os.system {}", 1, "not YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(Wrong) as caught:
        rules.load([path])
    assert reason in caught.value.reason
    assert (caught.value.path, caught.value.line) == (path, line)


RATE = GOOD.replace(
    "type: threshold\n    limit: 80\n    clear: 70", "type: rate\n    over: 600\n    limit: 5"
)
STUCK = GOOD.replace("type: threshold\n    limit: 80\n    clear: 70", "type: stuck\n    over: 600")
FLAP = GOOD.replace("type: threshold\n    limit: 80\n    clear: 70", "type: flapping\n    over: 600")
WINDOW = GOOD.replace(
    "    clear: 70\n", "    clear: 70\n  window:\n    type: sliding\n    size: 600\n    step: 60\n"
)


@pytest.mark.parametrize(
    "text,old,new,line,reason",
    [
        (RATE, "over: 600", "over: 6", 8, "over: seconds, 12 to 604800"),
        (RATE, "over: 600", "over: 600\n    step: 7", 9, "step: 7 must go into 600"),
        (RATE, "over: 600", "over: 600\n    step: 1", 9, "400 at most"),
        (RATE, "limit: 5", "limit: 5\n    side: both", 10, "write two rules"),
        (RATE, "limit: 5", "limit: 5\n    clear: 6", 10, "wrong side"),
        (RATE, "limit: 5", "limit: 5\n    per: 0", 10, "more than none"),
        (RATE, "limit: 5", "limit: 5\n    hold: -1", 10, "not negative"),
        (RATE, "limit: 5", "limit: 5\n    lateness: 4000", 10, "0 to 3600"),
        (
            RATE,
            "    limit: 5",
            "    limit: 5\n  window: { type: tumbling, size: 60 }",
            10,
            "rate has its own",
        ),
        (STUCK, "over: 600", "over: 600\n    tolerance: -1", 9, "not negative"),
        (STUCK, "over: 600", "over: 600\n    least: 1", 9, "one alone never moves"),
        (FLAP, "over: 600", "over: 600\n    changes: 1", 9, "2 or more"),
        (FLAP, "over: 600", "over: 600\n    changes: 3\n    clear: 3", 10, "fewer changes"),
        (STUCK, "stuck\n    over: 600", "anomaly\n    most: 0", 8, "1 to 1000 series"),
        (STUCK, "stuck\n    over: 600", "anomaly\n    lasts: -1", 8, "lasts: seconds"),
        (WINDOW, "step: 60", "step: 7", 13, "a whole number of times"),
        (WINDOW, "size: 600", "size: 6000000", 12, "size: seconds"),
        (WINDOW, "step: 60", "step: 60\n    lateness: -1", 14, "lateness: seconds"),
        (WINDOW, "sliding", "slidin", 11, "slidin"),
        (WINDOW, "sliding\n    size: 600\n    step: 60", "tumbling\n    size: 0", 12, "size: seconds"),
        (WINDOW, "sliding\n    size: 600\n    step: 60", "session\n    gap: 9000", 12, "gap: seconds"),
        (WINDOW, "sliding\n    size: 600\n    step: 60", "count\n    samples: 1", 12, "samples: 2 to"),
        (WINDOW, "  severity: severe", "  link: http://x\n  severity: severe", 4, "no https address"),
        (WINDOW, "  severity: severe", "  labels: { site: x }\n  severity: severe", 4, "tells alerts apart"),
        (WINDOW, "  severity: severe", "  clears_after: -1\n  severity: severe", 4, "not negative"),
        (WINDOW, "  severity: severe", "  maintenance: ignore\n  severity: severe", 4, "Invalid enum"),
    ],
)
def test_what_windows_and_their_kinds_refuse(
    tmp_path: Path, text: str, old: str, new: str, line: int, reason: str
) -> None:
    assert text != GOOD
    assert old in text
    with pytest.raises(Wrong) as caught:
        rules.load([written(tmp_path, text.replace(old, new, 1))])
    assert reason in caught.value.reason
    assert caught.value.line == line


def test_ids_are_unique_over_all_files(tmp_path: Path) -> None:
    paths = [written(tmp_path, GOOD, name) for name in ("a.yaml", "b.yaml")]
    with pytest.raises(Wrong, match="already in"):
        rules.load(paths)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Wrong, match="cannot be read"):
        rules.load([tmp_path / "none.yaml"])


def test_an_alarm_is_not_waited_for(tmp_path: Path) -> None:
    text = GOOD.replace("temperature", "event.alarm").replace(
        "limit: 80\n    clear: 70", "limit: 0.5\n    hold: 5"
    )
    with pytest.raises(Wrong, match="hold: a device tells an alarm once"):
        rules.load([written(tmp_path, text)])


def test_absence_may_be_of_text(tmp_path: Path) -> None:
    text = GOOD.replace("select: { kind: kiosk }", "select: { kind: kiosk, metrics: [status] }")
    assert len(rules.load([written(tmp_path, text)])) == 2
