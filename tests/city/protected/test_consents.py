"""Nothing leaves the team without a consent that holds at that moment."""

import pytest

from city.db import Database
from city.protected import Cases, Consent, Consents
from city.protected.errors import Hidden, NoConsent
from contracts.errors import Refused
from runtime.clock import Fake
from tests.city.protected.people import LEAD, STRANGER, SUPERVISOR, UNIT, noted

DAY = 86_400 * 1_000_000
WORDS = "Her mother, Siti Aminah, agrees on the phone that the hospital may know"


@pytest.fixture
def case(db: Database, cases: Cases) -> str:
    with db.begin() as tx:
        return cases.open(tx, unit=UNIT, supervisor=SUPERVISOR.id, by=LEAD).id


@pytest.fixture
def consent(db: Database, consents: Consents, case: str, clock: Fake) -> Consent:
    with db.begin() as tx:
        return consents.give(
            tx, case, scope="share.health", receiver="rsud", until=clock.now() + DAY, words=WORDS, by=LEAD
        )


def needed(db: Database, consents: Consents, case: str, **changes: str) -> Consent:
    asked = {"scope": "share.health", "receiver": "rsud", **changes}
    with db.begin() as tx:
        return consents.need(tx, case, **asked)


def test_it_holds_for_its_scope_its_receiver_and_its_time(
    db: Database, consents: Consents, case: str, consent: Consent, clock: Fake
) -> None:
    assert needed(db, consents, case) == consent
    for changes in ({"scope": "share.police"}, {"receiver": "polres"}):
        with pytest.raises(NoConsent):
            needed(db, consents, case, **changes)
    with pytest.raises(NoConsent):
        needed(db, consents, "a" * 26)
    clock.advance(86_400)
    with pytest.raises(NoConsent):
        needed(db, consents, case)


def test_withdrawn_it_holds_no_more(db: Database, consents: Consents, case: str, consent: Consent) -> None:
    with db.begin() as tx:
        gone = consents.withdraw(tx, consent.id, by=SUPERVISOR)
        assert consents.withdraw(tx, consent.id, by=LEAD) == gone
        assert consents.of(tx, case, by=LEAD) == [gone]
    with pytest.raises(NoConsent):
        needed(db, consents, case)
    assert noted(db)[1:] == [
        ("p-lead", "consent_given", "share.health"),
        ("p-supervisor", "consent_withdrawn", "share.health"),
    ]


def test_its_words_are_for_the_team(db: Database, consents: Consents, consent: Consent) -> None:
    with db.begin() as tx:
        assert consents.words(tx, consent.id, by=SUPERVISOR) == WORDS
    for asked in (consent.id, "a" * 26):
        with pytest.raises(Hidden), db.begin() as tx:
            consents.words(tx, asked, by=STRANGER)
        with pytest.raises(Hidden), db.begin() as tx:
            consents.withdraw(tx, asked, by=STRANGER)


def test_those_that_end_soon(db: Database, consents: Consents, consent: Consent, clock: Fake) -> None:
    with db.read() as tx:
        assert consents.ending(tx, before=clock.now() + 2 * DAY) == [consent]
        assert consents.ending(tx, before=clock.now() + DAY // 2) == []
    clock.advance(2 * 86_400)
    with db.read() as tx:
        assert consents.ending(tx, before=clock.now() + DAY) == []


@pytest.mark.parametrize(
    "change", [{"scope": "All of it"}, {"until": 0}, {"words": " "}, {"words": "x" * 2_001}]
)
def test_what_is_no_consent_is_refused(
    db: Database, consents: Consents, case: str, clock: Fake, change: dict[str, object]
) -> None:
    given = {"scope": "refer", "receiver": "rsud", "until": clock.now() + DAY, "words": WORDS, **change}
    with pytest.raises(Refused) as refused, db.begin() as tx:
        consents.give(tx, case, by=LEAD, **given)  # type: ignore[arg-type]
    assert "Siti" not in str(refused.value)
