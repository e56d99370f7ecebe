import msgspec
import pytest

from contracts.errors import Refused
from contracts.judgements import Severity, Text
from contracts.rules import Absence, HourOfWeek, Rule, Test, Threshold
from contracts.series import Selector, Series
from contracts.topics import Kind


def rule(test: Test, **change: object) -> Rule:
    base = Rule(
        id="kiosk-hot",
        title=Text(id="Kios panas", en="Kiosk hot"),
        severity=Severity.SEVERE,
        select=Selector(kind=Kind.KIOSK, metrics=("temperature",)),
        test=test,
    )
    return msgspec.structs.replace(base, **change)


@pytest.mark.parametrize("test", [Threshold(limit=80), Absence(silence=60), HourOfWeek()])
def test_a_rule_survives_json(test: Test) -> None:
    one = rule(test)
    assert msgspec.json.decode(msgspec.json.encode(one), type=Rule) == one


def test_the_hash_follows_the_content() -> None:
    one = rule(Threshold(limit=80))
    assert one.hash == rule(Threshold(limit=80)).hash
    assert len({one.hash, rule(Threshold(limit=81)).hash, rule(Absence(silence=80)).hash}) == 3


def test_an_id_that_is_no_name_is_refused() -> None:
    with pytest.raises(Refused, match="rule"):
        rule(Threshold(limit=80), id="Kiosk Hot").__post_init__()


@pytest.mark.parametrize(
    "selector,wanted",
    [
        (Selector(), True),
        (Selector(site="bima", kind=Kind.KIOSK, devices=("a", "kiosk-1"), metrics=("cpu", "disk")), True),
        (Selector(instance="sda"), True),
        (Selector(site="kota"), False),
        (Selector(kind=Kind.WIFI), False),
        (Selector(devices=("kiosk-2",)), False),
        (Selector(metrics=("dis",)), False),
        (Selector(instance=""), False),
    ],
)
def test_each_given_field_must_match(selector: Selector, *, wanted: bool) -> None:
    series = Series(site="bima", kind=Kind.KIOSK, device="kiosk-1", metric="disk", instance="sda")
    assert selector.matches(series) is wanted


def test_a_selector_of_no_device_name_is_refused() -> None:
    with pytest.raises(Refused):
        Selector(devices=("Kiosk 1",))
