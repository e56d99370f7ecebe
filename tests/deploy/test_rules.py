"""The shipped rules act at the first start: each has a report of its very content beside it."""

from pathlib import Path

from analytics import rules
from app.rulebook import REPORTS, shipped

FOLDER = Path(__file__).parents[2] / "deploy" / "rules"


def test_every_shipped_rule_has_a_report_of_its_content() -> None:
    files = sorted(FOLDER.glob("*.yaml"))
    reports = shipped(files)
    for rule in rules.load(files):
        assert rule.hash in reports, f"{rule.id} has changed: run `make reports`, and read what it would do"
        assert reports[rule.hash].rule == rule.id
        assert reports[rule.hash].samples, f"{rule.id}: the simulated month has nothing that it watches"
    assert len(reports) == len(rules.load(files)), f"{REPORTS} holds reports of rules that are gone"
