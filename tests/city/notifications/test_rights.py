"""A person's rights: all that was told, or nothing left of it. And gateways that cannot be used."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from city.notifications import Channel
from city.notifications.history import HISTORY
from runtime.settings import Wrong
from tests.city.notifications.office import BUDI, SITI, Office


def rows(office: Office) -> int:
    with office.db.read() as tx:
        return sum(
            tx.execute(select(func.count()).select_from(table)).scalar_one() for table in HISTORY.tables
        )


def test_export_and_erasure(office: Office) -> None:
    of = office.wire()
    office.ask(of, "drill.reply", data={"ticket": "A-1"}, private={"reporter": "Ratna Dewi"})
    office.ask(of, "drill.reply", data={"ticket": "A-2"}, private={"reporter": "Agus"}, person=BUDI)
    with office.db.begin() as tx:
        of.preferences.choose(tx, SITI, "drill.incidents", Channel.SMS, wanted=False, now=1)
        of.preferences.keep_quiet(tx, SITI, "22:00-05:00", now=1)
    with office.db.begin() as tx:
        found = of.hook.export(tx, SITI)
        assert set(found) == {"notifications.notice", "notifications.choices"}
        (told,) = found["notifications.notice"]
        assert told["values"] == {"ticket": "A-1", "reporter": "Ratna Dewi"}
        assert len(found["notifications.choices"]) == 2
        outcomes = {one.kind: one.erased for one in of.hook.erase(tx, SITI)}
    assert outcomes == {"notifications.notice": 1, "notifications.choices": 2, "notifications.push": 0}
    with office.db.read() as tx:
        assert of.hook.export(tx, SITI) == {}
        assert office.vault.of(tx, SITI) == []
        assert len(office.vault.of(tx, BUDI)) == 1
    assert rows(office) == 1


def test_what_a_unit_is_told_is_nobodys(office: Office) -> None:
    of = office.wire()
    office.ask(of, "drill.reply", data={"ticket": "A-1"}, private={"reporter": "Ratna"}, person="unit:ppa")
    with office.db.read() as tx:
        assert office.vault.of(tx, "unit:ppa") == []
        assert of.inbox.page(tx, "unit:ppa", language="id")[0].text == "Ratna membalas A-1."


def test_a_gateways_address_that_is_none_is_told_at_the_start_without_it(
    office: Office, tmp_path: Path
) -> None:
    with pytest.raises(Wrong, match="url_file") as wrong:
        office.wire(("x", "sms", "carrier-pigeon://s3cret@host"))
    assert "s3cret" not in str(wrong.value)
    with pytest.raises(Wrong, match="empty"):
        office.wire(("x", "sms", ""))
