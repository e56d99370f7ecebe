"""The whole benchmark: on a small corpus of our own, and on a few series of the assets."""

import os
import random
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from benchmarks.nab.corpus import load
from benchmarks.nab.run import DETECTORS, measure, run

FEW = ("realTraffic/", "artificialWithAnomaly/art_daily_nojump", "artificialNoAnomaly/art_flatline")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dice, labels = random.Random(1), {}
    for number in range(4):
        name = f"{'even' if number % 2 else 'odd'}/{number}.csv"
        stamps = [datetime(2026, 1, 5) + timedelta(minutes=30 * row) for row in range(600)]  # noqa: DTZ001
        values = [dice.gauss(10.0, 1.0) + (20.0 if 500 <= row < 510 else 0.0) for row in range(600)]
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [f"{stamp},{value}" for stamp, value in zip(stamps, values, strict=True)]
        path.write_text("\n".join(["timestamp,value", *rows]))
        labels[name] = [[f"{stamps[480]}.000000", f"{stamps[539]}.000000"]]
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "combined_windows.json").write_bytes(msgspec.json.encode(labels))
    return tmp_path


def test_the_ensemble_finds_what_is_plain(folder: Path) -> None:
    figures = run(folder, only="ensemble")["ensemble"]
    assert figures["windows"] == figures["windows_found"] == 4
    assert figures["standard"] > 80.0
    assert figures["standard_category_out"] > 50.0
    assert figures["points"] == 2_400


def test_every_detector_runs_and_says_who_is_at_it(folder: Path) -> None:
    said: list[str] = []
    assert list(run(folder, say=said.append)) == said == list(DETECTORS)


@pytest.mark.assets
def test_some_series_of_the_benchmark() -> None:
    corpus = [
        one for one in load(Path(os.environ["IMM_TEST_ASSETS"]) / "data" / "nab") if one.name.startswith(FEW)
    ]
    assert len(corpus) == 5
    figures = measure(corpus, DETECTORS["ensemble"], seed=1)
    assert figures["standard_at_default"] > 80.0
    assert figures["windows_found"] == figures["windows"] == 8
