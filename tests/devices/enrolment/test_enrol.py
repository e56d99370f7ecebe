"""A device joins on both databases: once, again where the answer was lost, never for another key."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography import x509

from city.identity.caller import SYSTEM
from contracts import enrolment
from contracts.enrolment import ALPHABET
from contracts.errors import Refused
from contracts.instants import DAY
from devices.enrolment.tables import claims
from devices.errors import BadCode, Forbidden, NoAuthority, NotNow, Over, TooMany, Used
from devices.registry import State
from devices.roles import READ
from tests.devices.ca.makers import csr
from tests.devices.conftest import engineer, noted, plan
from tests.devices.enrolment.conftest import PIN, SERVER, Office

MANY = 64


@pytest.fixture(autouse=True)
def planned(request: pytest.FixtureRequest) -> None:
    name = "office" if "office" in request.fixturenames else "small"
    office: Office = request.getfixturevalue(name)
    with office.db.begin() as tx:
        office.registry.add(tx, SYSTEM, plan("kiosk-07", title="Gerbang"))


def another(code: str, place: int) -> str:
    """The code with another sign at a place."""
    plain = enrolment.code(code)
    other = ALPHABET[(ALPHABET.index(plain[place]) + 1) % len(ALPHABET)]
    return plain[:place] + other + plain[place + 1 :]


def test_from_a_code_to_a_certificate(office: Office) -> None:
    made = office.claim()
    told = enrolment.parse(made.text)
    assert (told.server, told.pin) == (SERVER, PIN)
    given = office.enrol(made.code.lower(), csr())
    assert (given.device, given.site, given.kind, given.title) == ("kiosk-07", "bima", "kiosk", "Gerbang")
    assert given.broker.host == "mqtt.example.id"
    leaf, between = x509.load_pem_x509_certificates(given.certificate.encode())
    assert leaf.issuer == between.subject
    assert given.renew == office.clock.now() + 60 * DAY
    assert given.ends == office.clock.now() + 90 * DAY
    found = office.registry.get(SYSTEM, "kiosk-07")
    assert (found.state, found.hardware) == (State.ENROLLED, {"model": "Pi 5"})
    actions = [(entry.action, entry.by.partition(":")[0]) for entry in noted(office.db, "kiosk-07")]
    assert actions == [("enrolled", "claim"), ("claim.made", "system"), ("planned", "system")]


def test_a_lost_answer_is_given_again(office: Office) -> None:
    code, asked = office.claim().code, csr("kiosk-07")
    first = office.enrol(code, asked)
    office.clock.advance(60)
    assert office.enrol(code, asked) == first
    assert len(office.certificates()) == 1
    office.clock.advance(86_400)
    with pytest.raises(Over, match="time is up"):
        office.enrol(code, asked)


def test_a_used_code_is_an_alarm(office: Office) -> None:
    code = office.claim().code
    office.enrol(code, csr())
    with pytest.raises(Used):
        office.enrol(code, csr())
    assert noted(office.db, "kiosk-07")[0].action == "claim.alarm"
    assert len(office.certificates()) == 1


def test_of_many_at_once_one_wins(office: Office) -> None:
    """Each with a key of its own, from a network of its own."""
    code = office.claim().code
    asked = [csr() for _ in range(MANY)]

    def join(number: int) -> str:
        try:
            return office.enrol(code, asked[number], source=f"10.0.{number}.0/32").serial
        except Used:
            return ""

    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(join, range(MANY)))
    (serial,) = [one for one in got if one]
    assert office.certificates() == [serial]


def test_of_many_with_one_request_all_get_the_same(office: Office) -> None:
    code, asked = office.claim().code, csr()
    with ThreadPoolExecutor(16) as pool:
        got = set(pool.map(lambda _: office.enrol(code, asked).serial, range(16)))
    assert office.certificates() == list(got)


def test_a_new_device_takes_the_place_of_the_old(office: Office) -> None:
    old = office.enrol(office.claim().code, csr()).serial
    office.clock.advance(60)
    new = office.enrol(office.claim().code, csr()).serial
    assert office.certificates() == [new]
    assert old != new


def test_codes_that_open_nothing(small: Office) -> None:
    code = small.claim().code
    wrong = [another(code, 0), another(code, 15), "0" * 16, "halo", ""]
    for one in wrong:
        with pytest.raises(BadCode):
            small.enrol(one, csr())
    with small.db.begin() as tx:
        assert small.claims.withdraw(tx, SYSTEM, "kiosk-07") == 1
        assert small.claims.withdraw(tx, SYSTEM, "kiosk-07") == 0
    with pytest.raises(Over, match="withdrawn"):
        small.enrol(code, csr())
    first, second = small.claim().code, small.claim(seconds=60).code
    with pytest.raises(Over, match="newer one"):
        small.enrol(first, csr())
    small.clock.advance(61)
    with pytest.raises(Over, match="time is up"):
        small.enrol(second, csr())
    assert small.certificates() == []
    assert small.registry.get(SYSTEM, "kiosk-07").state is State.PLANNED


def test_a_claim_bears_few_wrong_secrets(small: Office) -> None:
    code = small.claim().code
    for _ in range(5):
        with pytest.raises(BadCode):
            small.enrol(another(code, 15), csr())
    with pytest.raises(BadCode):
        small.enrol(code, csr())


def test_who_guesses_waits(small: Office) -> None:
    code = small.claim().code
    for _ in range(21):
        with pytest.raises(BadCode):
            small.enrol("0" * 16, csr())
    with pytest.raises(TooMany) as told:
        small.enrol(code, csr())
    assert told.value.after > 0
    small.enrol(code, csr(), source="10.9.9.9/32")
    small.clock.advance(3_600)
    with pytest.raises(BadCode):
        small.enrol("0" * 16, csr())


def test_who_guesses_from_everywhere_slows_all_a_little(small: Office) -> None:
    code = small.claim().code
    for number in range(201):
        with pytest.raises(BadCode):
            small.enrol("0" * 16, csr_once(), source=f"10.{number}.0.0/32")
    with pytest.raises(TooMany) as told:
        small.enrol(code, csr(), source="192.0.2.1/32")
    assert told.value.after <= 5
    small.clock.advance(told.value.after)
    small.enrol(code, csr(), source="192.0.2.1/32")


_ONCE: list[str] = []


def csr_once() -> str:
    """One request for all guesses."""
    if not _ONCE:
        _ONCE.append(csr())
    return _ONCE[0]


def test_honest_devices_behind_one_address_are_not_slowed(small: Office) -> None:
    for number in range(30):
        with small.db.begin() as tx:
            small.registry.add(tx, SYSTEM, plan(f"wifi-{number:02}"))
        small.enrol(small.claim(f"wifi-{number:02}").code, csr())


def test_a_code_is_compared_in_constant_time(small: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a claim exists or not, one hash is made and compared by hmac.compare_digest."""
    compared: list[tuple[int, int]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr("devices.enrolment.claims.hmac.compare_digest", compare)
    code = small.claim().code
    for one in (another(code, 0), another(code, 15)):
        with pytest.raises(BadCode):
            small.enrol(one, csr())
    assert compared == [(64, 64), (64, 64)]


def test_no_code_lies_in_the_database(small: Office) -> None:
    code = enrolment.code(small.claim().code)
    with small.db.read() as tx:
        (row,) = tx.execute(claims.select()).all()
    assert code[6:] not in str(row)


@pytest.mark.parametrize("state", [State.DISABLED, State.RETIRED])
def test_who_is_shut_out_gets_nothing(small: Office, state: State) -> None:
    code, asked = small.claim().code, csr()
    small.enrol(code, asked)
    with small.db.begin() as tx:
        if state is State.DISABLED:
            small.registry.disable(tx, SYSTEM, "kiosk-07", why="dicuri")
        else:
            small.registry.retire(tx, SYSTEM, "kiosk-07", why="rusak")
    with pytest.raises(NotNow):
        small.enrol(code, asked)
    with pytest.raises(NotNow):
        small.claim()
    with small.db.begin() as tx, pytest.raises(NotNow):
        small.accounts.make(tx, SYSTEM, "kiosk-07")


def test_a_stolen_one_needs_a_new_claim(small: Office) -> None:
    code, asked = small.claim().code, csr()
    small.enrol(code, asked)
    spare = small.claim().code
    with small.db.begin() as tx:
        small.ending.disable(tx, SYSTEM, "kiosk-07", why="dicuri", stolen=True)
    assert small.certificates() == []
    with small.db.begin() as tx:
        small.registry.enable(tx, SYSTEM, "kiosk-07", why="ditemukan")
    for one in (code, spare):
        with pytest.raises(Over):
            small.enrol(one, asked)
    small.enrol(small.claim().code, csr())


def test_a_retired_one_leaves_nothing(small: Office) -> None:
    small.enrol(small.claim().code, csr())
    with small.db.begin() as tx:
        small.accounts.make(tx, SYSTEM, "kiosk-07")
        small.ending.retire(tx, SYSTEM, "kiosk-07", why="rusak")
        assert small.accounts.passwords(tx) == {}
        assert [one.reason for one in small.authority.of(tx, "kiosk-07")] == ["cessationOfOperation"]


def test_a_wrong_request_costs_the_code_nothing(small: Office) -> None:
    code = small.claim().code
    for wrong in (csr("kiosk-08"), "halo"):
        with pytest.raises(Refused):
            small.enrol(code, wrong)
    small.enrol(code, csr("kiosk-07"))


def test_without_an_authority_the_code_stays_good(small: Office) -> None:
    code = small.claim(seconds=604_800).code
    small.clock.advance(4 * 365 * 86_400)
    late = small.claim().code
    with pytest.raises(NoAuthority):
        small.enrol(late, csr())
    with pytest.raises(Over):
        small.enrol(code, csr())
    assert small.registry.get(SYSTEM, "kiosk-07").state is State.PLANNED


@pytest.mark.parametrize("seconds", [0, 59, 604_801, float("nan")])
def test_a_codes_life_has_bounds(small: Office, seconds: float) -> None:
    with pytest.raises(Refused):
        small.claim(seconds=seconds)


def test_who_may_make_codes(small: Office) -> None:
    with small.db.begin() as tx, pytest.raises(Forbidden):
        small.claims.make(tx, engineer("indosat"), "kiosk-07")
    with pytest.raises(Forbidden), small.db.begin() as tx:
        small.accounts.make(tx, engineer("", READ), "kiosk-07")
    assert small.registry.get(SYSTEM, "kiosk-07").state is State.PLANNED, "undone with all else"


def test_open_codes_are_told_without_their_code(small: Office) -> None:
    made = small.claim()
    device: Any = small.registry.get(SYSTEM, "kiosk-07")
    with small.db.read() as tx:
        (told,) = small.claims.open(tx, SYSTEM, device)
    assert (told.id, told.expires, told.by) == (made.id, made.expires, "system")
