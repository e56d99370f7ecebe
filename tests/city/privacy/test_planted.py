"""What is personal lies nowhere in clear: not in files, WAL, logs, outbox, figures or backups."""

import contextlib
import gzip
import logging
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry
from sqlalchemy import select

import city.notifications.history
import city.protected.history
import city.search.errors
import city.search.history
from app.commands.backup import backup
from app.settings import Settings, resolve
from city import search
from city.audit import PROTECTED, Entry, Filters, Sealer, Trail, export
from city.audit.seals import MARK
from city.db import Database, upgrade
from city.db import Settings as Place
from city.identity.caller import Caller, Kind
from city.identity.came import Came
from city.identity.contacts import Contact, ContactKind
from city.identity.lookups import CONTACTS
from city.identity.settings import Settings as Identity
from city.identity.wiring import wire
from city.notifications import Notice, Notices
from city.notifications.inbox import Inbox
from city.notifications.templates import Catalogue
from city.outbox import append, event
from city.outbox.tables import outbox
from city.privacy import KeyFile, Subjects, Sweeper, Vault, lookups, rotation, vault_hook, vault_policy
from city.privacy.errors import Taken
from city.privacy.keks import prepare
from city.protected import Cases, Consents, Force, Verdict
from contracts.errors import Refused
from contracts.judgements import Text
from runtime import ids, logs, metrics
from runtime.clock import System
from tests.city.identity.cast import CHEAP, HISTORIES, Sent
from tests.city.privacy.plant import MAIL, NAME, NIK, PHONE, files, found, server
from tests.fixtures.postgres import Postgres

REPORT, LETTER = "wadul_bae.report", "sedulur.letter"
UNIT = "uptd-ppa"
FURTHER = (
    city.protected.history.HISTORY,
    city.search.history.HISTORY,
    city.notifications.history.HISTORY,
)


class Planted:
    """Puts them through everything that may hold or tell of a person."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = System()
        self.ids = ids.factory(self.clock)
        self.db = Database.of(settings.city)
        upgrade(self.db, [*HISTORIES, *FURTHER])
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
        self.found_by_others()
        self.told()
        rotation.rotate(self.db, self.vault.keys, self.clock)
        lookups.rotate(self.db, self.vault, [lookups.OURS, CONTACTS], self.clock)
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

    def found_by_others(self) -> None:
        """Somebody writes numbers into a text that can be found; what may not be found is refused."""
        index = search.Index(search.engine(lite=self.db.lite))
        title = Text(id="Laporan", en="Report")
        kind = search.Kind(name="report", title=title, heading=("title",), text=("body",))
        body = f"hubungi 0877-1234-0987 atau {MAIL}, NIK {NIK}"
        with self.db.begin() as tx:
            index.put(tx, kind, search.Document(id="1", path="/x", fields={"title": "Lampu", "body": body}))
        hidden = search.Kind(name="case", title=title, heading=("name",), protected=True)
        with pytest.raises(city.search.errors.Protected), self.db.begin() as tx:
            index.put(tx, hidden, search.Document(id="1", path="/x", fields={"name": NAME}))
        assert (
            search.Finder(self.db, index)
            .find(search.Query(text="lampu"), sight=search.Sight(kinds={"report": None}))
            .total
            == 1
        )

    def told(self) -> None:
        """A notice that tells of a person lies in somebody's inbox."""
        catalogue = Catalogue.of([Path(__file__).parent])
        notices = Notices(catalogue, clock=self.clock, ids=self.ids, vault=self.vault)
        private = {"who": NAME, "number": PHONE}
        with self.db.begin() as tx:
            notices.ask(tx, Notice(template="drill.private", person="p-1", private=private))
            (item,) = Inbox(catalogue, zone=ZoneInfo("Asia/Jakarta"), vault=self.vault).page(
                tx, "p-1", language="id"
            )
        assert NAME in item.text

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
    assert log.stat().st_size > 100_000, "all statements are in it"
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
        postgres: Postgres = request.getfixturevalue("postgres")
        url = planted.db.address.render_as_string(hide_password=False)
        assert found(server(postgres, url)) == []


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


@pytest.mark.parametrize("planted", ["postgresql"], indirect=True)
def test_the_scan_sees_what_lies_in_clear_in_a_server(planted: Planted, postgres: Postgres) -> None:
    clear = "+6287799900011"  # of nobody else: the server's write-ahead log is every test's
    with planted.db.begin() as tx:
        append(tx, event("x.y", id="1", source="/x", subject="s", time=1, data={"phone": clear}))
    url = planted.db.address.render_as_string(hide_password=False)
    places = {place for place, _ in found(server(postgres, url), [clear])}
    assert "dump" in places
    assert [place for place in places if "/base/" in place]
    assert [place for place in places if "/pg_wal/" in place]
