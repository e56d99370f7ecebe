"""`imm admin`: the first administrator, and the way back in for who is locked out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from app.commands.api import shown
from app.identities import opened
from app.identities import why as account
from app.settings import Settings, load
from city.identity.caller import EVERYWHERE, SYSTEM, Grant
from city.identity.links import Link
from city.identity.model import Person
from city.identity.wiring import Identity
from contracts.instants import DAY
from runtime.cli import Failure, emit, json_option
from runtime.clock import System

_ADMIN: Final = "platform/admin"
Command = TypeVar("Command", bound=Callable[..., Any])


def _unit_option(command: Command) -> Command:
    return click.option("--unit", default=EVERYWHERE, help="Id of a unit; without it the whole city.")(
        command
    )


@click.group()
def admin() -> None:
    """Invite people and give them a way in, on the machine itself. There is no default password."""


@admin.command()
@click.option("--login", required=True, help="By which this person signs in: a user name or an address.")
@click.option("--name", required=True, help="Name, as others see it.")
@click.option("--role", "roles", multiple=True, default=[_ADMIN], show_default=True, metavar="PROGRAMME/ROLE")
@_unit_option
@click.option("--language", default="id", show_default=True, type=click.Choice(["id", "en"]))
@json_option
@click.pass_context
def invite(
    context: click.Context,
    login: str,
    name: str,
    roles: tuple[str, ...],
    unit: str,
    language: str,
    *,
    json: bool,
) -> None:
    """Make an account, and print a link that lets its owner in once."""
    settings = load(context)
    with opened(settings) as identity:
        grants = [_grant(identity, role, unit) for role in roles]
        made = identity.people.invite(SYSTEM, name=name, login=login, unit=unit, language=language)
        for grant in grants:
            identity.grants.give(SYSTEM, made.person.id, grant, why=account())
    _tell(made.person, made.link, settings, json=json)


@admin.command()
@click.argument("login")
@click.option("--why", default="locked out", show_default=True, help="Kept in the audit trail.")
@json_option
@click.pass_context
def link(context: click.Context, login: str, why: str, *, json: bool) -> None:
    """Take away somebody's password and factors, end the sessions, and print a new link."""
    settings = load(context)
    with opened(settings) as identity:
        person = identity.people.named(login)
        made = identity.people.renew(SYSTEM, person.id, why=f"{account()}: {why}")
    _tell(person, made, settings, json=json)


@admin.command()
@click.argument("login")
@click.argument("role", metavar="PROGRAMME/ROLE")
@_unit_option
@click.option("--days", type=click.IntRange(1, 36_500), help="After which it ends by itself.")
@json_option
@click.pass_context
def grant(context: click.Context, login: str, role: str, unit: str, days: int | None, *, json: bool) -> None:
    """Give somebody a role."""
    with opened(load(context)) as identity:
        person = identity.people.named(login)
        until = System().now() + days * DAY if days else None
        wanted = _grant(identity, role, unit)
        given = identity.grants.give(SYSTEM, person.id, wanted, until=until, why=account())
    told = {"login": person.login, "role": role, "unit": given.unit or "the whole city"}
    emit(told | ({"until": shown(given.until)} if until else {}), json=json)


@admin.command()
@click.argument("login")
@click.argument("role", metavar="PROGRAMME/ROLE")
@_unit_option
@click.pass_context
def revoke(context: click.Context, login: str, role: str, unit: str) -> None:
    """Take a role away; it counts from the next request on."""
    with opened(load(context)) as identity:
        person = identity.people.named(login)
        wanted = _split(role)
        found = [
            one
            for one in identity.grants.of(person.id)
            if (one.programme, one.role, one.unit) == (*wanted, unit)
        ]
        if not found:
            raise Failure(f"{login} does not have {role} there", "none was given", "see `imm admin list`")
        identity.grants.take(SYSTEM, found[0].id, why=account())
    click.echo(f"{person.login} no longer has {role}.")


@admin.command("list")
@json_option
@click.pass_context
def list_(context: click.Context, *, json: bool) -> None:
    """Staff and partners with their roles."""
    rows: list[dict[str, Any]] = []
    with opened(load(context)) as identity:
        after = None
        while page := identity.people.page(SYSTEM, after=after, limit=500):
            rows += [_row(identity, person) for person in page]
            after = (page[-1].name, page[-1].id)
    if not rows and not json:
        click.echo("Nobody yet: imm admin invite --login … --name …")
    else:
        emit(rows if json else [row | {"seen": shown(row["seen"])} for row in rows], json=json)


def _grant(identity: Identity, role: str, unit: str) -> Grant:
    """Role as people write it → grant. Raises Unknown, Refused."""
    programme, name = _split(role)
    identity.catalogue.grantable(programme, name)
    return Grant(role=name, programme=programme, unit=unit)


def _split(role: str) -> tuple[str, str]:
    programme, _, name = role.rpartition("/")
    return programme, name


def _row(identity: Identity, person: Person) -> dict[str, Any]:
    roles = [f"{one.programme}/{one.role} {one.unit}".strip() for one in identity.grants.of(person.id)]
    return {
        "login": person.login,
        "name": person.name,
        "state": person.state,
        "unit": person.unit,
        "roles": ", ".join(roles),
        "seen": person.seen,
    }


def _tell(person: Person, made: Link, settings: Settings, *, json: bool) -> None:
    address = made.address(settings.identity.address)
    if json:
        emit({"login": person.login, "link": address, "expires": made.expires}, json=True)
        return
    click.echo(f"For {person.name} ({person.login}), once, until {shown(made.expires)}:\n\n  {address}\n")
