from contracts import measurements
from contracts.measurements import CATALOGUE, Kind
from contracts.series import split_name

# RFC 8428 12.1 and RFC 8798, those in use
REGISTERED = {"", "/", "count", "B", "s", "ms", "Cel", "Hz", "V", "%RH", "%EL", "1/min", "Mbit/s", "bit/s"}
REGISTERED |= {"dBm"}


def test_names_are_metrics_without_an_instance() -> None:
    for name, metric in CATALOGUE.items():
        assert metric.name == name
        assert split_name(name) == (name, "")


def test_units_are_registered() -> None:
    assert {metric.unit for metric in CATALOGUE.values()} <= REGISTERED


def test_ranges_are_ranges_of_numbers() -> None:
    for metric in CATALOGUE.values():
        if metric.low is not None and metric.high is not None:
            assert metric.low < metric.high
        if not metric.numeric:
            assert (metric.unit, metric.low, metric.high) == ("", None, None)
        if metric.kind in {Kind.COUNTER, Kind.COUNT}:
            assert metric.low == 0


def test_every_metric_is_described_in_both_languages() -> None:
    assert all(metric.text.id and metric.text.en for metric in CATALOGUE.values())


def test_an_unknown_metric_is_uncatalogued() -> None:
    assert measurements.find("moon.phase") is None
