"""Keys in a key service: the vault on it does all that it does on a file, and trouble is told with a cure."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from city.db import Database
from city.errors import Unavailable
from city.privacy import KeyFile, Keys, Settings, Vault, holder, lookups, rotation
from city.privacy.cipher import Unsealed
from city.privacy.errors import BadKeys, KeyMissing, NoAnswer
from city.privacy.keks import prepare
from city.privacy.lookups import OURS
from city.privacy.settings import Transit
from city.privacy.transit import KeyService
from runtime.clock import Fake
from tests.city.privacy.safe import FIELDS, KIND, NAME, NIK, PHONE, got, put
from tests.city.privacy.transit import TOKEN, Service


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        yield service


@pytest.fixture
def settings(service: Service, tmp_path: Path) -> Transit:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    return Transit(url=service.url, token_file=tmp_path / "token", limit=2.0)


@pytest.fixture
def remote(settings: Transit, clock: Fake) -> Iterator[Keys]:
    keys = holder(Settings(holder="transit", transit=settings), clock=clock)
    assert isinstance(keys, KeyService)
    yield keys
    keys.close()


@pytest.fixture(params=["file", "service"])
def keys(request: pytest.FixtureRequest, tmp_path: Path, clock: Fake) -> Keys:
    """What each holder of keys must do."""
    if request.param == "file":
        return KeyFile(tmp_path / "keys" / "vault.json", clock=clock)
    found: Keys = request.getfixturevalue("remote")
    return found


class TestAnyHolder:
    """The port's promises, on the file and on the service."""

    def test_a_key_opens_what_it_wrapped_in_its_place_alone(self, keys: Keys) -> None:
        one, two = keys.make(), keys.make()
        wrapped = keys.wrap(one, b"secret", b"here")
        assert b"secret" not in wrapped
        assert keys.unwrap(one, wrapped, b"here") == b"secret"
        for key, place, text in ((one, b"there", wrapped), (two, b"here", wrapped), (one, b"here", b"\xff")):
            with pytest.raises(Unsealed):
                keys.unwrap(key, text, place)
        keys.drop(one)
        with pytest.raises(KeyMissing):
            keys.unwrap(one, wrapped, b"here")
        assert list(keys.known()) == [two]

    def test_hashes_differ_by_purpose_and_generation_and_outlive_keys(self, keys: Keys, clock: Fake) -> None:
        first = keys.make()
        made = clock.now()
        clock.advance(1)
        generation = keys.generate()
        hashes = [
            keys.mac("a", b"x"),
            keys.mac("b", b"x"),
            keys.mac("a", b"y"),
            keys.mac("a", b"x", generation=generation),
        ]
        assert len(set(hashes)) == 4
        assert {len(one) for one in hashes} == {32}
        keys.make()
        keys.drop(first)
        assert keys.mac("a", b"x") == hashes[0]
        assert keys.mac("a", b"x", generation=generation) == hashes[3]
        assert keys.generations() == {generation: made + 1_000_000}
        with pytest.raises(KeyMissing):
            keys.mac("a", b"x", generation="g-none")

    def test_ids_fit_the_table_and_come_in_order(self, keys: Keys, clock: Fake) -> None:
        made = []
        for _ in range(3):
            made.append(keys.make())
            clock.advance(1)
        assert list(keys.known()) == made
        assert max(len(one) for one in (*made, keys.generate())) <= 32


def test_the_vault_and_both_rotations_on_it(
    db: Database, remote: Keys, service: Service, clock: Fake
) -> None:
    first = prepare(db, remote, clock)
    vault = Vault(db, remote, clock=clock)
    put(db, vault, "a")
    clock.advance(60)
    assert rotation.rotate(db, remote, clock).wrapped == 1
    assert lookups.rotate(db, vault, [OURS], clock).moved == 3
    rotation.retire(db, remote, first)
    assert f"imm-{first}" not in service.keys
    assert got(db, vault, "a") == FIELDS
    with db.read() as tx:
        assert vault.find(tx, KIND, "phone", PHONE) == ("a",)


@pytest.mark.parametrize("trouble", [["silent", "silent"], [503, 503], [500, 500]])
def test_a_service_that_does_not_answer_is_told_and_nothing_is_done(
    remote: Keys, service: Service, trouble: list[int | str]
) -> None:
    key = remote.make()
    service.trouble = trouble
    with pytest.raises(NoAnswer) as told:
        remote.wrap(key, b"secret", b"here")
    assert isinstance(told.value, Unavailable), "the relay and the clocks wait and try again"
    assert service.url in told.value.cure


def test_one_hiccup_is_not_told(remote: Keys, service: Service) -> None:
    key = remote.make()
    for trouble in ("silent", 502):
        service.trouble = [trouble]
        assert remote.unwrap(key, remote.wrap(key, b"secret", b""), b"") == b"secret"


def test_a_service_that_is_not_there(settings: Transit, clock: Fake) -> None:
    away = KeyService(replace(settings, url="http://127.0.0.1:9"), clock=clock)
    with pytest.raises(NoAnswer, match="ConnectError"):
        away.known()


def test_another_answer_than_a_transit_engines(remote: Keys, service: Service) -> None:
    key = remote.make()
    service.trouble = ["odd"]
    with pytest.raises(BadKeys) as told:
        remote.wrap(key, b"secret", b"here")
    assert "mount" in told.value.cure


def test_a_token_that_is_refused_and_then_renewed(remote: Keys, settings: Transit) -> None:
    key = remote.make()
    assert settings.token_file
    settings.token_file.write_text("s.other\n")
    with pytest.raises(BadKeys) as told:
        remote.wrap(key, b"secret", b"here")
    assert "token_file" in told.value.cure
    assert "s.other" not in f"{told.value}{told.value.cure}"
    settings.token_file.write_text(f"{TOKEN}\n")
    assert remote.wrap(key, b"secret", b"here")
    settings.token_file.unlink()
    with pytest.raises(BadKeys, match="token"):
        remote.known()


def test_one_that_does_not_bind_is_not_used(remote: Keys, service: Service) -> None:
    service.binds = False
    with pytest.raises(BadKeys) as told:
        remote.make()
    assert "1.9" in told.value.cure
    assert remote.known() == {}


def test_no_key_passes_a_network_in_clear(clock: Fake) -> None:
    with pytest.raises(BadKeys, match="in clear"):
        KeyService(Transit(url="http://vault.cirebonkota.example"), clock=clock)


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_neither_token_nor_data_is_logged(
    db: Database, remote: Keys, service: Service, clock: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    prepare(db, remote, clock)
    vault = Vault(db, remote, clock=clock)
    put(db, vault, "a")
    assert got(db, vault, "a") == FIELDS
    service.trouble = [503, 503]
    with pytest.raises(NoAnswer) as told:
        put(db, vault, "b")
    shown = caplog.text + str(told.value) + repr(told.value) + str(service.asked)
    assert not [one for one in (TOKEN, NAME, PHONE, NIK) if one in shown]
