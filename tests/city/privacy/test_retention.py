"""What is too old goes, a bounded number at a time, and the trail says on which ground."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection

from city.audit import Filters, Trail, page
from city.db import Database, Lease
from city.privacy import Policy, Sweeper, Vault, retention, vault_policy
from runtime.clock import Fake
from tests.city.privacy.safe import KIND, got, put

DAY = 86_400


def swept(db: Database, clock: Fake, *policies: Policy, **options: dict[str, float]) -> int:
    return Sweeper(db, clock, policies, trail=Trail(clock=clock), **options).turn()  # type: ignore[arg-type]


@pytest.fixture
def policy(vault: Vault) -> Policy:
    return vault_policy(vault, kind=KIND, days=30, basis="uu27-2022-16")


def test_what_is_too_old_goes(db: Database, vault: Vault, clock: Fake, policy: Policy) -> None:
    for record in ("a", "b"):
        put(db, vault, record)
    put(db, vault, "c", kind="other.kind")
    clock.advance(31 * DAY)
    put(db, vault, "b", name="changed since")
    assert swept(db, clock, policy) == 1
    assert swept(db, clock, policy) == 0
    assert got(db, vault, "b")["name"] == "changed since"
    assert got(db, vault, "c", kind="other.kind")
    with db.read() as tx:
        held = vault.held(tx, KIND, "a")
        (entry,) = page(tx, Filters(action="expired"))
    assert held is not None
    assert held.erased == clock.now()
    assert (entry.kind, entry.record, entry.why, entry.by) == (KIND, "a", "uu27-2022-16", "system")


def test_a_setting_changes_the_days(db: Database, vault: Vault, clock: Fake, policy: Policy) -> None:
    put(db, vault, "a")
    clock.advance(5 * DAY)
    assert swept(db, clock, policy) == 0
    assert swept(db, clock, policy, keep={KIND: 4.0}) == 1


def test_many_go_a_batch_at_a_time(
    db: Database, vault: Vault, clock: Fake, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 3)
    for number in range(7):
        put(db, vault, f"r{number}")
    clock.advance(31 * DAY)
    assert swept(db, clock, policy) == 7


def test_one_kinds_fault_does_not_keep_the_others(
    db: Database, vault: Vault, clock: Fake, policy: Policy
) -> None:
    def broken(tx: Connection, record: str) -> None:
        raise RuntimeError("a hook of somebody's")

    def stuck(tx: Connection, before: int, limit: int) -> Sequence[str]:
        return ["always"]

    put(db, vault, "a")
    put(db, vault, "b", kind="broken")
    clock.advance(31 * DAY)
    bad = vault_policy(vault, kind="broken", days=1, basis="x")
    bad = Policy(kind=bad.kind, days=1, basis="x", due=bad.due, let_go=broken)
    endless = Policy(kind="stuck", days=1, basis="x", due=stuck, let_go=lambda tx, record: None)
    assert swept(db, clock, bad, endless, policy) == 1
    assert got(db, vault, "b", kind="broken")


def test_one_process_at_a_time(db: Database, vault: Vault, clock: Fake, policy: Policy) -> None:
    put(db, vault, "a")
    clock.advance(31 * DAY)
    other = Database(db.address.render_as_string(hide_password=False))
    assert Lease(other, retention.LEASE, clock).take()
    assert swept(db, clock, policy) == 0
    other.close()
