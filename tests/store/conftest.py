"""Both engines behind one port, and the whole store on each database of the ledger."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from runtime.clock import Fake
from store import embedded, influx
from store.bundle import Store, open_store
from store.port import Engine
from store.settings import Embedded, Frames, Influx, Ledger, Settings
from tests.store.parts import Under


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Settings]:
    """Settings of a store that nobody has used, by name."""

    def make(name: str) -> Settings:
        base = Settings(
            embedded=Embedded(path=tmp_path / "imm.duckdb", memory_mb=256),
            frames=Frames(path=tmp_path / "frames"),
        )
        engine, _, database = name.partition("-")
        if engine == "embedded":
            return base
        server = request.getfixturevalue("influx")
        url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        if database == "postgresql":
            url = request.getfixturevalue("postgres_url")
        return msgspec.structs.replace(
            base,
            engine="influx",
            influx=Influx(
                url=server.url,
                token_file=server.token_file,
                org=server.org,
                bucket=request.getfixturevalue("influx_bucket"),
                lines=500,
            ),
            ledger=Ledger(url=url),
        )

    return make


@pytest.fixture(params=["embedded", "influx"])
def under(
    request: pytest.FixtureRequest, settings: Callable[[str], Settings], clock: Fake
) -> Iterator[Under]:
    """An empty engine of each kind."""
    chosen = settings(request.param)
    with contextlib.ExitStack() as opened:
        current: list[Engine] = []

        def reopen() -> Engine:
            if current:
                current.pop().close()
            engine: Engine
            if request.param == "embedded":
                engine = embedded.Engine(embedded.File(chosen.embedded.path, memory_mb=256, threads=2))
            else:
                engine = influx.Engine(influx.Server(chosen.influx), clock)
            current.append(engine)
            return engine

        @opened.callback
        def close() -> None:
            for engine in current:
                engine.close()

        yield Under(reopen(), request.param, clock, reopen, shares=request.param == "influx")


@pytest.fixture
def engine(under: Under) -> Engine:
    return under.engine


@pytest.fixture(params=["embedded", "influx-sqlite", "influx-postgresql"])
def whole(
    request: pytest.FixtureRequest, settings: Callable[[str], Settings], clock: Fake
) -> Iterator[Store]:
    """The whole store, on each database."""
    with open_store(settings(request.param), clock) as opened:
        yield opened
