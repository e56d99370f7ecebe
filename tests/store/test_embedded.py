"""What only the embedded engine promises: one owner, nothing lost when killed, sorted days."""

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from contracts.instants import DAY, HOUR, MINUTE, floor
from contracts.series import Selector, Series, Statistic, Value
from store import embedded, errors
from store.embedded import compaction
from tests.store.parts import a_block, a_series, contents, open_engine

NOW = 1_790_000_000_000_000
TODAY = floor(NOW, DAY)
ALL = Selector()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "imm.duckdb"


@pytest.fixture
def engine(path: Path) -> Iterator[embedded.Engine]:
    opened = open_engine(path)
    yield opened
    opened.close()


OTHER_PROCESS = """
import sys
from pathlib import Path
from store import embedded, errors
try:
    embedded.File(Path(sys.argv[1]), memory_mb=64, threads=1)
except errors.Owned as error:
    print(error.owner, "|", error.cure)
"""


def test_another_process_is_told_who_has_the_file_and_what_to_do(
    engine: embedded.Engine, path: Path, root: Path
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, path],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    owner, _, cure = told.stdout.partition("|")
    assert owner.startswith("PID ")
    assert 'store.engine = "influx"' in cure


def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(errors.Gone, match="restore a backup"):
        open_engine(path)


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    open_engine(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE version SET version = 99")
    with pytest.raises(errors.Gone, match="newer version"):
        open_engine(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE version SET version = 3")
    open_engine(path).close()


def test_a_file_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    open_engine(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE strays; DROP TABLE sketches; DROP TABLE visitors")
        connection.execute("UPDATE version SET version = 1")
    open_engine(path).close()
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("FROM version").fetchall() == [(3,)]
        assert connection.execute("FROM strays").fetchall() == []
        assert connection.execute("FROM visitors").fetchall() == []


def test_what_is_asked_after_closing_is_refused(engine: embedded.Engine) -> None:
    engine.write(a_block((a_series(), NOW, 1.0)))
    engine.close()
    engine.close()
    with pytest.raises(errors.Gone, match="closed"):
        engine.write(a_block((a_series(), NOW, 1.0)))
    with pytest.raises(errors.Gone, match="closed"):
        engine.aggregate(ALL, 0, NOW, step=HOUR, statistic=Statistic.SUM)


@pytest.mark.parametrize(
    "vendors, ours",
    [
        (duckdb.OutOfMemoryException("could not allocate"), errors.Retry),
        (duckdb.TransactionException("Conflict on tuple deletion!"), errors.Retry),
        (duckdb.IOException("No space left on device"), errors.Retry),
        (duckdb.FatalException("database has been invalidated"), errors.Gone),
        (duckdb.ParserException("syntax error"), errors.Failure),
    ],
    ids=lambda one: type(one).__name__,
)
def test_no_vendors_error_leaves(engine: embedded.Engine, vendors: Exception, ours: type[Exception]) -> None:
    with pytest.raises(errors.Failure) as caught, engine._file.writing():
        raise vendors
    assert type(caught.value) is ours
    engine.write(a_block((a_series(), NOW, 1.0)))  # and the next transaction begins


WRITES_UNTIL_KILLED = """
import sys
from pathlib import Path
from contracts.batches import Sequence, Stream
from contracts.series import Block, Series
from contracts.topics import Device, Kind
from runtime.clock import System
from store.bundle import open_store
from store.settings import Embedded, Settings
from store.sink import Arrival, Write

store = open_store(Settings(embedded=Embedded(path=Path(sys.argv[1]), memory_mb=128)), System())
device = Device(site="bima", kind=Kind.KIOSK, device="kiosk-1")
series = Series(site="bima", kind=Kind.KIOSK, device="kiosk-1", metric="cpu.load")
start = int(sys.argv[2])
for seq in range(start, start + 1_000_000):
    block = Block()
    for i in range(200):
        late = 40_000_000_000 if seq % 3 == 0 else 0
        block.append(series, 1_790_000_000_000_000 + seq * 1_000_000 + i - late, float(i))
    sequence = Sequence(stream=Stream(device="kiosk-1", channel="telemetry"), epoch=1, seq=seq)
    arrival = Arrival(device=device, channel="telemetry", sequence=sequence, rows=(0, 200), counts={0: 200})
    store.sink.commit(Write(worker="w", at=0, block=block, arrivals=[arrival]))
    print(seq, flush=True)
    if seq % 50 == 0:
        store.upkeep()
"""


def test_every_commit_that_was_told_is_there_after_kill_9(path: Path, root: Path) -> None:
    dice, told = random.Random(11), 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITES_UNTIL_KILLED, path, str(told + 1)],
            cwd=root,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        enough = told + dice.randrange(20, 120)
        for line in process.stdout:
            told = int(line)
            if told >= enough:
                process.send_signal(signal.SIGKILL)
                break
        told = max([told, *(int(line) for line in process.stdout)])
        process.stdout.close()
        process.wait(timeout=30)
        file = embedded.File(path, memory_mb=256, threads=2)
        engine, ledger = embedded.Engine(file), embedded.Ledger(file)
        have = len(contents(engine))
        (row,) = ledger.rows(0, 2**62)
        assert have == row.stored == row.received
        assert have in (told * 200, (told + 1) * 200)  # one more may have been durable before it was told
        assert ledger.holes() == []
        newest = max(time for _, time in contents(engine))
        assert engine.last(ALL)[0].time == newest
        told = have // 200
        engine.close()


def test_closed_days_are_sorted_by_series_and_keep_every_sample(
    engine: embedded.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "_LEAST", 100)
    monkeypatch.setattr(compaction, "_SLICE", 90)
    family = [a_series(f"kiosk-{i}") for i in range(7)]
    yesterday = TODAY - DAY
    rows: dict[tuple[Series, int], Value] = {
        (one, yesterday + i * 20 * MINUTE): float(i) for i in range(60) for one in family
    }
    engine.write(a_block(*((s, t, v) for (s, t), v in rows.items())))
    engine.roll_up(TODAY + 3 * HOUR)
    with engine._file.reading() as cursor:
        found = cursor.execute("SELECT series, ts FROM samples").fetchall()
    assert found == sorted(found)
    assert contents(engine) == rows
    late: dict[tuple[Series, int], Value] = {(family[0], yesterday + 1 + i): 1.0 for i in range(200)}
    engine.write(a_block(*((s, t, v) for (s, t), v in late.items())))
    engine.roll_up(TODAY + 3 * HOUR)
    assert contents(engine) == rows | late
    with engine._file.reading() as cursor:
        again = cursor.execute("SELECT series, ts FROM samples").fetchall()
    assert again == sorted(again)
    assert len(again) == 620


def test_readers_and_upkeep_run_while_the_writer_writes(engine: embedded.Engine) -> None:
    stop, seen, wrong = threading.Event(), [0], []
    series = a_series()

    def read() -> None:
        while not stop.is_set():
            count = sum(
                sum(one.values)
                for one in engine.aggregate(ALL, TODAY - 3 * DAY, NOW, step=DAY, statistic=Statistic.COUNT)
            )
            if count < seen[0]:
                wrong.append((count, seen[0]))
            seen[0] = int(count)
            engine.last(ALL)

    def keep() -> None:
        while not stop.is_set():
            engine.roll_up(NOW)

    threads = [threading.Thread(target=read), threading.Thread(target=keep)]
    for thread in threads:
        thread.start()
    try:
        for i in range(60):
            start = TODAY - 2 * DAY + i * HOUR // 3
            engine.write(a_block(*((series, start + j, float(j)) for j in range(100))))
            engine.write(a_block(*((series, start - DAY + j, float(j)) for j in range(100))))
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=30)
    assert wrong == []
    assert len(contents(engine)) == 12_000
    total = engine.aggregate(ALL, TODAY - 4 * DAY, NOW, step=10 * DAY, statistic=Statistic.COUNT)
    assert sum(sum(one.values) for one in total) == 12_000


def test_a_cursor_that_answered_a_short_question_serves_a_long_one_next(path: Path) -> None:
    """DuckDB refuses to see a list of series over an answer that was not read to its end."""
    file = embedded.File(path, memory_mb=256, threads=2)
    engine, state, letters = embedded.Engine(file), embedded.State(file), embedded.DeadLetters(file)
    engine.write(a_block(*((a_series(f"kiosk-{i}"), TODAY, 1.0) for i in range(100))))
    state.put("key", b"value")
    with file.reading() as _:  # one cursor is kept, and every question below gets it
        pass
    for ask in (lambda: state.get("key"), letters.count, lambda: letters.list(limit=1)):
        ask()
        (counted,) = {
            sum(one.values)
            for one in engine.aggregate(ALL, TODAY, TODAY + DAY, step=DAY, statistic=Statistic.COUNT)
        }
        assert counted == 1.0
    engine.close()
