"""Identities as the directory of notices, and one-time codes by their gateways."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import update

from app.histories import HISTORIES
from app.parts import Parts
from app.settings import Settings
from app.telling import PACKAGES, Codes, People, told
from city.audit import Trail
from city.identity.came import Came
from city.identity.contacts import Contact, ContactKind
from city.identity.errors import Unsent
from city.identity.tables.people import people
from city.identity.wiring import wire
from city.notifications.settings import Provider
from city.notifications.settings import Settings as Told
from city.notifications.templates import Catalogue
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from city.schedule import Clocks
from runtime import ids, metrics
from runtime.calendar import Calendars
from runtime.clock import Fake
from tests.city.notifications.wire import Endpoint
from tests.fixtures.tables import ready

PHONE = "+6281234567890"


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Any]:
    clock = Fake()
    db = ready(f"sqlite:///{tmp_path / 'city.sqlite'}", HISTORIES)
    file = KeyFile(tmp_path / "keys.json", clock=clock)
    prepare(db, file, clock)
    yield SimpleNamespace(
        db=db,
        clock=clock,
        ids=ids.factory(clock),
        vault=Vault(db, file, clock=clock),
        clocks=Clocks(clock=clock, calendars=Calendars()),
        registry=metrics.registry(),
        settings=Settings(),
    )
    db.close()


def test_every_package_brings_good_words() -> None:
    assert list(Catalogue.of([Path(package.__path__[0]) for package in PACKAGES]))


def test_a_citizen_gets_his_code_and_is_found_by_his_notices(parts: Any, tmp_path: Path) -> None:
    with Endpoint() as endpoint:
        (tmp_path / "sms.url").write_text(endpoint.url())
        sms = Provider(name="sms", channel="sms", url_file=tmp_path / "sms.url")
        parts.settings = Settings(notifications=Told(providers=(sms,)))
        notifications = told(cast("Parts", parts))
        identity = wire(
            parts.db,
            clock=parts.clock,
            ids=parts.ids,
            vault=parts.vault,
            trail=Trail(clock=parts.clock),
            sender=Codes(notifications),
            settings=parts.settings.identity,
        )
        contact = Contact(kind=ContactKind.PHONE, address="0812-3456-7890")
        asked = identity.codes.send(contact, Came(), language="en")
        (body,) = endpoint.bodies
        assert body["to"] == PHONE
        code = body["message"].split()[0]
        person = identity.codes.enter(asked.id, contact, code, Came(), language="en").session.person
        directory = People(parts.vault)
        with parts.db.read() as tx:
            found = directory.find(tx, person)
            assert directory.find(tx, "nobody") is None
        assert found is not None
        assert (found.language, found.addresses) == ("en", {"sms": PHONE, "whatsapp": PHONE})
        with parts.db.begin() as tx:
            tx.execute(update(people).values(state="suspended"))
            assert directory.find(tx, person) is None
        endpoint.answer = 500
        with pytest.raises(Unsent):
            Codes(notifications).send(kind="phone", address=PHONE, code="1", language="id")
        notifications.post.close()
