"""What follows from roles and grants."""

import pytest

from city.identity.caller import EVERYWHERE, SYSTEM, Caller, Grant, Kind
from city.identity.errors import Clash, Unknown
from city.identity.roles import ADMIN, OPERATOR, Catalogue, Role
from contracts.errors import Refused
from contracts.judgements import Text

TITLE = Text(id="Petugas", en="Officer")
OFFICER = Role(name="officer", programme="tangi", permissions=("tangi.incidents.work",), title=TITLE)
WITNESS = Role(
    name="anonymous", programme="wadul", permissions=("wadul.reports.file",), title=TITLE, staff=False
)


def caller(catalogue: Catalogue, *units: str, staff: bool = True) -> Caller:
    grants = [Grant(role="officer", programme="tangi", unit=unit) for unit in units]
    covered = [(grant, None if grant.unit == EVERYWHERE else frozenset({grant.unit})) for grant in grants]
    reach = catalogue.reach(covered, staff=staff)
    return Caller(kind=Kind.PERSON, id="1", name="Sri", grants=tuple(grants), reach=reach)


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue([ADMIN, OFFICER, WITNESS])


def test_a_grant_holds_for_its_units_alone(catalogue: Catalogue) -> None:
    sri = caller(catalogue, "dishub", "damkar")
    assert sri.may("tangi.incidents.work")
    assert sri.may("tangi.incidents.work", unit="damkar")
    assert not sri.may("tangi.incidents.work", unit="satpol-pp")
    assert not sri.may("tangi.incidents.work", unit=EVERYWHERE)
    assert not sri.may("identity.people.manage")
    assert sri.units("tangi.incidents.work") == frozenset({"dishub", "damkar"})
    assert sri.units("identity.people.manage") == frozenset()


def test_a_grant_for_the_city_holds_everywhere(catalogue: Catalogue) -> None:
    sri = caller(catalogue, "dishub", EVERYWHERE)
    assert sri.may("tangi.incidents.work", unit="satpol-pp")
    assert sri.may("tangi.incidents.work", unit=EVERYWHERE)
    assert sri.units("tangi.incidents.work") is None


def test_staffs_roles_rest_until_the_second_factor(catalogue: Catalogue) -> None:
    assert not caller(catalogue, EVERYWHERE, staff=False).may("tangi.incidents.work")


def test_what_everybody_may_needs_no_grant(catalogue: Catalogue) -> None:
    assert catalogue.anonymous().may("wadul.reports.file")
    assert caller(catalogue).may("wadul.reports.file")
    assert not catalogue.anonymous().may("tangi.incidents.work")
    with pytest.raises(Refused, match="without a grant"):
        catalogue.grantable("wadul", "anonymous")


def test_the_system_may_everything() -> None:
    assert SYSTEM.may("tangi.incidents.work", unit="damkar")
    assert SYSTEM.units("tangi.incidents.work") is None
    assert SYSTEM.fresh(1_790_000_000_000_000, within=0)


def test_a_second_factor_grows_old() -> None:
    sri = Caller(kind=Kind.PERSON, id="1", name="Sri", strong=True, strong_at=1_000)
    assert sri.fresh(1_500, within=500)
    assert not sri.fresh(1_501, within=500)
    assert not sri.fresh(999, within=500)  # a clock set back makes nothing young


def test_packages_add_to_a_role() -> None:
    catalogue = Catalogue([OPERATOR, OPERATOR.plus("console.letters.replay")])
    assert set(OPERATOR.permissions) < set(catalogue.find("platform", "operator").permissions)
    assert "console.letters.replay" in catalogue.permissions


def test_one_role_is_told_in_one_way() -> None:
    other = Role(name="officer", programme="tangi", permissions=(), title=TITLE, staff=False)
    with pytest.raises(Clash, match="tangi/officer"):
        Catalogue([OFFICER, other])


def test_a_role_that_nobody_brings_gives_nothing(catalogue: Catalogue) -> None:
    gone = Grant(role="diver", programme="tangi", unit=EVERYWHERE)
    assert catalogue.reach([(gone, None)], staff=True) == catalogue.reach((), staff=True)
    with pytest.raises(Unknown):
        catalogue.find("tangi", "diver")


@pytest.mark.parametrize(
    "role",
    [
        Role(name="Chief Officer", programme="tangi", permissions=(), title=TITLE),
        Role(name="chief", programme="tangi", permissions=("tangi.*",), title=TITLE),
        Role(name="chief", programme="tangi", permissions=("work",), title=TITLE),
        Role(name="citizen", programme="tangi", permissions=(), title=TITLE),
    ],
)
def test_a_malformed_role_is_refused(role: Role) -> None:
    with pytest.raises(Refused):
        Catalogue([role])
