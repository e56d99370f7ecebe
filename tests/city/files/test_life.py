"""Whatever is done with files in whatever order: what is kept can be read, what is not is swept away."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from sqlalchemy import func, select

from city.db import Database, upgrade
from city.files import Draft, Files, Kind, Settings, Use
from city.files.errors import Late, Missing
from city.files.history import HISTORY
from city.files.shelf import open_shelf
from city.files.sweep import Sweep, lacking
from city.files.tables import contents, strays
from runtime.clock import Fake
from runtime.ids import factory
from tests.city.files.conftest import Drawer

OPEN, PERSONAL = (
    Use(name=f"test.{name}", kinds=(Kind.CSV,), personal=name == "personal") for name in ("open", "personal")
)


class Life(RuleBasedStateMachine):
    """Against a model: file → body. Bodies are few, so that open ones meet."""

    drafts = Bundle("drafts")
    kept = Bundle("kept")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.place = folder / "files"
        self.clock = Fake()
        self.db = Database(f"sqlite:///{folder / 'city.sqlite'}")
        upgrade(self.db, [HISTORY])
        self.shelf = open_shelf(Settings(place=str(self.place)))
        self.files = Files(self.db, self.shelf, Drawer(), clock=self.clock, ids=factory(self.clock))
        self.sweep = Sweep(self.db, self.shelf, self.clock)
        self.model: dict[str, bytes] = {}
        self.bodies: dict[str, bytes] = {}

    @rule(target=drafts, number=st.integers(0, 2), use=st.sampled_from([OPEN, PERSONAL]))
    def receive(self, number: int, use: Use) -> Draft:
        body = b"kolom;isi\r\n%d;x\r\n" % number
        draft = self.files.receive(body, use, "x.csv")
        self.bodies[draft.path] = body
        return draft

    @rule(target=kept, draft=consumes(drafts), undone=st.booleans())
    def keep(self, draft: Draft, undone: bool) -> object:
        try:
            with self.db.begin() as tx:
                file = self.files.keep(tx, draft, record="r", by="p")
                if undone:
                    raise KeyError
        except (Late, KeyError):
            return multiple()
        self.model[file.id] = self.bodies[draft.path]
        return file.id

    @rule(file=kept)
    def drop(self, file: str) -> None:
        with self.db.begin() as tx:
            self.files.drop(tx, file)
        self.model.pop(file, None)

    @rule(hours=st.sampled_from([0.5, 2, 30]))
    def wait_and_clean(self, hours: float) -> None:
        self.clock.advance(hours * 3_600)
        self.sweep.once()

    @invariant()
    def what_is_kept_is_read(self) -> None:
        with self.db.read() as tx:
            found = {file: self.files.find(tx, file) for file in self.model}
        assert {file: b"".join(self.files.read(one)) for file, one in found.items()} == self.model

    def teardown(self) -> None:
        self.clock.advance(100_000)
        self.sweep.once()
        assert lacking(self.db, self.shelf) == []
        with self.db.read() as tx:
            known = set(tx.execute(select(contents.c.digest)).scalars())
            assert tx.execute(select(func.count()).select_from(strays)).scalar_one() == 0
            assert known == {self.files.find(tx, file).file.digest for file in self.model}
            with pytest.raises(Missing):
                self.files.find(tx, "none")
        assert sum(path.is_file() for path in self.place.rglob("*")) == len(known)
        self.db.close()
        self._folder.cleanup()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
