import pytest

from analytics.wording import amount, duration


@pytest.mark.parametrize(
    "value,unit,id_,en",
    [
        (0.954, "/", "95,4 %", "95.4 %"),
        (1234.5, "Cel", "1.234 °C", "1,234 °C"),
        (21.04, "Cel", "21,0 °C", "21.0 °C"),
        (1500, "count", "1.500", "1,500"),
        (2.5e9, "B", "2,5 GB", "2.5 GB"),
        (12, "B", "12 B", "12 B"),
        (7, "", "7", "7"),
    ],
)
def test_amounts(value: float, unit: str, id_: str, en: str) -> None:
    assert (amount(value, unit).id, amount(value, unit).en) == (id_, en)


@pytest.mark.parametrize(
    "seconds,id_,en",
    [
        (1, "1 detik", "1 second"),
        (59, "59 detik", "59 seconds"),
        (60, "1 menit", "1 minute"),
        (7200, "2 jam", "2 hours"),
        (172_800, "2 hari", "2 days"),
    ],
)
def test_durations(seconds: int, id_: str, en: str) -> None:
    assert (duration(seconds).id, duration(seconds).en) == (id_, en)
