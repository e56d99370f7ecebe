"""What is personal lies nowhere in clear: not in files, WAL, logs, outbox, figures or backups."""

import contextlib
import gzip
import logging
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry
from sqlalchemy import select, text

import city.protected.history
from app.commands.backup import backup
from app.settings import Settings, resolve
from city.audit import PROTECTED, Entry, Filters, Sealer, Trail, export
from city.audit.seals import MARK
from city.db import Database, upgrade
from city.db import Settings as Place
from city.identity.caller import Caller, Kind
from city.identity.came import Came
from city.identity.contacts import Contact, ContactKind
from city.identity.settings import Settings as Identity
from city.identity.wiring import wire
from city.outbox import append, event
from city.outbox.tables import outbox
from city.privacy import KeyFile, Subjects, Sweeper, Vault, rotation, vault_hook, vault_policy
from city.privacy.errors import Taken
from city.privacy.keks import prepare
from city.protected import Cases, Consents, Force, Verdict
from contracts.errors import Refused
from runtime import ids, logs, metrics
from runtime.clock import System
from tests.city.identity.cast import CHEAP, HISTORIES, Sent
from tests.fixtures.postgres import Postgres

NAME = "Zubaedah Kusumadiningrat"
PHONE = "+6287712340987"
NIK = "3274065512880011"
MAIL = "zubaedah.k@contoh.id"
FORMS = (NAME, "Kusumadiningrat", PHONE, "87712340987", "877-1234-0987", NIK, MAIL, "zubaedah.k@")
REPORT, LETTER = "wadul_bae.report", "sedulur.letter"
UNIT = "uptd-ppa"


class Planted:
    """Puts them through everything that may hold or tell of a person."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = System()
        self.ids = ids.factory(self.clock)
        self.db = Database.of(settings.city)
        upgrade(self.db, [*HISTORIES, city.protected.history.HISTORY])
        keys = KeyFile(settings.privacy.keys_file, clock=self.clock)
        prepare(self.db, keys, self.clock)
        self.vault = Vault(self.db, keys, clock=self.clock)
        self.trail = Trail(clock=self.clock)
        self.registry = CollectorRegistry()

    def everything(self) -> str:
        """What the metrics say at the end."""
        self.records()
        self.citizen()
        self.case()
        rotation.rotate(self.db, self.vault.keys, self.clock)
        self.rights()
        sign = partial(self.vault.keys.mac, MARK)
        sealer = Sealer(self.db, self.clock, settings=self.settings.audit, sign=sign, registry=self.registry)
        assert sealer.turn() >= 10
        policy = vault_policy(self.vault, kind=LETTER, days=1e-12, basis="x")
        assert Sweeper(self.db, self.clock, [policy], trail=self.trail, registry=self.registry).turn()
        return metrics.exposition(self.registry).decode()

    def records(self) -> None:
        fields = {"name": NAME, "phone": PHONE, "nik": NIK, "email": MAIL, "story": f"{NAME}, {NIK}"}
        index = {"phone": PHONE, "nik": NIK, "email": MAIL}
        for kind in (REPORT, LETTER):
            for record in ("1", "2"):
                with contextlib.suppress(Taken), self.db.begin() as tx:
                    self.vault.seal(
                        tx,
                        kind=kind,
                        record=record,
                        subject="p-z",
                        fields=fields,
                        index=index,
                        unique={"nik"} if kind == LETTER else (),
                    )
        with self.db.begin() as tx:
            assert self.vault.find(tx, REPORT, "phone", "0877-1234-0987") == ("1", "2")
            assert self.vault.open(tx, REPORT, "1")["name"] == NAME
            why = f"asked by {PHONE} and {MAIL}, NIK {NIK}"
            self.trail.note(tx, Entry(by="p-1", action="viewed", kind=REPORT, record="1", why=why))
        for name, value in (("nik", NIK[:-1]), ("phone", f"{PHONE}99999"), ("email", f"{MAIL}@x")):
            try:
                self.vault.blind(name, value)
            except Refused as refused:
                logging.getLogger("app").warning("refused: %s", refused, exc_info=True)

    def citizen(self) -> None:
        """Signs in by a code to a phone and by one to a mailbox."""
        sent = Sent()
        identity = wire(
            self.db,
            clock=self.clock,
            ids=self.ids,
            vault=self.vault,
            trail=self.trail,
            sender=sent,
            settings=self.settings.identity,
        )
        for kind, address in ((ContactKind.PHONE, PHONE), (ContactKind.EMAIL, MAIL)):
            contact = Contact(kind=kind, address=address)
            came = Came(address="192.0.2.7")
            asked = identity.codes.send(contact, came)
            identity.codes.enter(asked.id, contact, sent.codes[-1][1], came)

    def case(self) -> None:
        """A need-to-know case, forced open with a reason, and a consent."""
        guarded = Trail(clock=self.clock, chain=PROTECTED)
        cases = Cases(programme="wadul_bae", vault=self.vault, trail=guarded, clock=self.clock)
        reach = {f"wadul_bae.cases.{what}": None for what in ("open", "force")}
        lead, duty, boss = (
            Caller(kind=Kind.PERSON, id=f"p-{name}", name=NAME, strong=True, reach=reach)
            for name in ("lead", "duty", "boss")
        )
        force = Force(cases, ids=self.ids)
        with self.db.begin() as tx:
            case = cases.open(tx, unit=UNIT, supervisor=boss.id, by=lead).id
            opening = force.open(tx, case, by=duty, reason=f"{NAME} is on the phone {PHONE}")
            cases.look(tx, case, duty)
            force.review(tx, opening.id, Verdict.JUSTIFIED, by=boss, note=f"{NAME} was in danger")
            consents = Consents(cases)
            until = self.clock.now() + 10**9
            words = f"{NAME}, NIK {NIK}, agrees"
            consents.give(tx, case, scope="refer", receiver="rsud", until=until, words=words, by=lead)

    def rights(self) -> None:
        """All of it is handed out, and a part erased."""
        hooks = [
            vault_hook(self.vault, name="wadul_bae", kinds=[REPORT]),
            vault_hook(self.vault, name="sedulur", kinds=[LETTER], kept={LETTER: "UU 43/2009"}),
        ]
        subjects = Subjects(
            self.db, vault=self.vault, trail=self.trail, clock=self.clock, ids=self.ids, hooks=hooks
        )
        assert NAME in str(subjects.export("p-z", by="p-z").data)
        subjects.erase("p-z", by="p-z", why=f"call from {PHONE}")


def found(where: Iterator[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Which planted words lie in which place."""
    seen = []
    for place, content in where:
        small = content.lower()
        seen += [(place, form) for form in FORMS if form.lower().encode() in small]
    return seen


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """All that any logger says, in full, as it is written for people and for programs."""
    root, path = logging.getLogger(), tmp_path / "all.log"
    handlers = []
    for form in (logs._Plain(), logs._Json()):
        handler = logging.FileHandler(path)
        handler.setFormatter(form)
        handlers.append(handler)
        root.addHandler(handler)
    levels = {root: logging.DEBUG, logging.getLogger("sqlalchemy.engine"): logging.INFO}  # every statement
    before = {logger: logger.level for logger in levels}
    for logger, level in levels.items():
        logger.setLevel(level)
    yield path
    for logger, level in before.items():
        logger.setLevel(level)
    for handler in handlers:
        root.removeHandler(handler)
        handler.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def planted(
    request: pytest.FixtureRequest, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Planted]:
    data = tmp_path / "data"
    monkeypatch.setenv("IMM_DATA", str(data))
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else Place().url
    identity = Identity(passwords=CHEAP)
    made = Planted(resolve(Settings(data=data, identity=identity, city=Place(url=url))))
    yield made
    made.db.close()


def rows(db: Database, chain: str) -> Iterator[tuple[str, bytes]]:
    for line in export.lines(db, Filters(chain=chain)):
        yield f"trail of {chain}", line
    with db.read() as tx:
        for event in tx.execute(select(outbox.c.event)).scalars():
            yield "outbox", event.encode()


def test_nothing_lies_in_clear(
    planted: Planted, log: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    figures = planted.everything()
    assert found(iter([("metrics", figures.encode())])) == []
    for chain in ("city", PROTECTED):
        assert found(rows(planted.db, chain)) == []
    assert log.stat().st_size > 100_000, "statements and parameters are in it"
    assert found(files(tmp_path)) == [], "data folder with database and its WAL, and the log"
    if planted.db.lite:
        archive = tmp_path / "b.tar.gz"
        assert (tmp_path / "data" / "city.sqlite-wal").stat().st_size > 0
        planted.db.close()
        assert CliRunner().invoke(backup, ["create", str(archive)], obj=None).exit_code == 0
        with tarfile.open(archive) as tar:
            assert "city.sqlite" in tar.getnames()
        assert found(iter([("backup", gzip.decompress(archive.read_bytes()))])) == []
    else:
        assert found(_server(request, planted.db)) == []


def _server(request: pytest.FixtureRequest, db: Database) -> Iterator[tuple[str, bytes]]:
    """Files of this database, the server's write-ahead log and what it logged."""
    server: Postgres = request.getfixturevalue("postgres")
    with db.begin() as tx:
        oid = tx.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar_one()
    raw = db._engine.raw_connection()
    try:
        raw.driver_connection.autocommit = True  # type: ignore[union-attr]
        raw.cursor().execute("CHECKPOINT")
    finally:
        raw.close()
    own = server.folder / "data" / "base" / str(oid)
    assert own.is_dir()
    yield from files(own)
    yield from files(server.folder / "data" / "pg_wal")
    yield "log of the server", (server.folder / "log").read_bytes()


def _sealed(planted: Planted) -> None:
    with planted.db.begin() as tx:
        planted.vault.seal(tx, kind="x", record=NAME.replace(" ", "-"), subject="", fields={})


def _told(planted: Planted) -> None:
    with planted.db.begin() as tx:
        append(tx, event("x.y", id="1", source="/x", subject="s", time=1, data={"phone": PHONE}))


CONTROLS: dict[str, Callable[[Planted], None]] = {
    "a name as an id": _sealed,
    "a phone in an event": _told,
    "a NIK in a log": lambda planted: logging.getLogger("app").info("of %s", NIK),
}


@pytest.mark.parametrize("planted", ["sqlite"], indirect=True)
@pytest.mark.parametrize("control", CONTROLS)
def test_the_scan_sees_what_lies_in_clear(planted: Planted, tmp_path: Path, control: str) -> None:
    CONTROLS[control](planted)
    assert found(files(tmp_path))
