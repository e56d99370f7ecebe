"""`imm detect` in process: files in, scores out, or a reason."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from analytics.detectors.anomaly.ensemble import THRESHOLD, fresh
from app.commands.detect import detect
from contracts import instants


def table(path: Path, rows: int, seed: int = 1) -> Path:
    dice, start = random.Random(seed), datetime(2026, 1, 5)  # noqa: DTZ001 - as the files have it
    path.parent.mkdir(parents=True, exist_ok=True)
    values = [dice.gauss(10.0, 1.0) + (30.0 if row == rows * 4 // 5 else 0.0) for row in range(rows)]
    lines = [f"{start + timedelta(minutes=5 * row)},{value}" for row, value in enumerate(values)]
    path.write_text("\n".join(["timestamp,value", *lines]) + "\n")
    return path


def call(*args: object) -> Result:
    return CliRunner().invoke(detect, [str(arg) for arg in args])


def scores(path: Path) -> list[float]:
    head, *lines = path.read_text().splitlines()
    assert head == "timestamp,anomaly_score"
    return [float(line.split(",")[1]) for line in lines]


def test_each_row_has_the_score_of_a_fresh_detector_and_the_first_are_marked(tmp_path: Path) -> None:
    source, out = table(tmp_path / "in.csv", 500), tmp_path / "out.csv"
    assert call("--csv", source, "--warmup", 60, "--out", out).exit_code == 0
    detector, expected = fresh(calendar=False), []
    rows = [line.split(",") for line in source.read_text().splitlines()[1:]]
    for stamp, value in rows:
        time = instants.from_datetime(datetime.fromisoformat(f"{stamp}+00:00"))
        expected.append(detector.score(time, float(value)))
    found = scores(out)
    assert found == [0.0] * 60 + expected[60:]
    assert [line.split(",")[0] for line in out.read_text().splitlines()[1:]] == [stamp for stamp, _ in rows]
    assert found[400] >= THRESHOLD


def test_the_warm_up_only_marks(tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv", 400)
    for warmup in (0, 100, 1_000):
        call("--csv", source, "--warmup", warmup, "--out", tmp_path / f"{warmup}.csv")
    assert scores(tmp_path / "100.csv")[100:] == scores(tmp_path / "0.csv")[100:]
    assert scores(tmp_path / "1000.csv") == [0.0] * 400


def test_the_scores_of_a_shorter_file_are_the_beginning_of_a_longer_ones(tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv", 400)
    short = tmp_path / "short.csv"
    short.write_text("\n".join(source.read_text().splitlines()[:301]))
    for path in (source, short):
        call("--csv", path, "--warmup", 0, "--out", path.with_suffix(".out"))
    assert scores(tmp_path / "short.out") == scores(tmp_path / "in.out")[:300]


def test_a_tree_gives_the_same_whatever_works_at_once(tmp_path: Path) -> None:
    names = ["a/1.csv", "a/2.csv", "b/3.csv"]
    for number, name in enumerate(names):
        table(tmp_path / "in" / name, 300 + 6_000 * (number == 2), seed=number)
    for jobs in (1, 2):
        done = call("--dir", tmp_path / "in", "--out", tmp_path / f"{jobs}", "--jobs", jobs, "--json")
        assert [row["warmup"] for row in msgspec.json.decode(done.stdout)] == [45, 45, 750]
    for name in names:
        call("--csv", tmp_path / "in" / name, "--out", tmp_path / "alone.csv")
        alone = (tmp_path / "alone.csv").read_bytes()
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes() == alone


def test_a_bad_file_is_named_with_line_and_reason_and_stops_no_other(tmp_path: Path) -> None:
    table(tmp_path / "in" / "good.csv", 100)
    (tmp_path / "in" / "bad.csv").write_text("timestamp,value\n2026-01-01 00:00:00,nan\n")
    (tmp_path / "in" / "latin.csv").write_bytes(b"timestamp,value\n2026-01-01 00:00:00,1\n\xe9,1\n")
    done = call("--dir", tmp_path / "in", "--out", tmp_path / "out", "--jobs", 1)
    assert done.exit_code == 1
    assert "bad.csv: line 2: value = 'nan': is not finite" in done.stderr
    assert "latin.csv: line 3: timestamp = '\\udce9': is no date" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.csv"]


def test_repeated_and_earlier_stamps_keep_their_place_and_are_counted(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    stamps = ["2026-01-01 01:00:00", "2026-01-01 01:00:00", "2026-01-01 00:30:00", "2026-01-01 02:00:00"]
    source.write_text("\ufefftimestamp,value\r\n" + "".join(f"{stamp},1\r\n" for stamp in stamps))
    done = call("--csv", source, "--out", tmp_path / "out.csv", "--json")
    assert msgspec.json.decode(done.stdout)[0]["backwards"] == 2
    assert [line.split(",")[0] for line in (tmp_path / "out.csv").read_text().splitlines()[1:]] == stamps


@pytest.mark.parametrize(
    "args, why",
    [
        (["--out", "x"], "--csv or --dir"),
        (["--csv", "in.csv", "--dir", ".", "--out", "x"], "--csv or --dir"),
        (["--csv", "in.csv", "--out", "in.csv"], "is what is read"),
        (["--csv", "in.csv", "--out", "."], "is a folder"),
        (["--dir", ".", "--out", "scores"], "lies in"),
        (["--dir", "none", "--out", "x"], "no *.csv lies below"),
    ],
)
def test_what_makes_no_sense_is_refused(
    args: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = table(tmp_path / "in.csv", 60).read_bytes()
    (tmp_path / "none").mkdir()
    done = call(*args)
    assert done.exit_code == 1
    assert why in done.stderr
    assert (tmp_path / "in.csv").read_bytes() == before
