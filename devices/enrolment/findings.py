"""Certificates with which somebody has to do something: found, listed, and told once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy import Connection, func, select

from city.identity.holders import Holders
from city.notifications import Notice, Notices
from devices.ca.tables import certificates
from devices.enrolment.renewal import Renewal
from devices.enrolment.renewing import FAILED
from devices.enrolment.tables import renewals
from devices.registry.tables import devices
from devices.roles import ENROL

_MOST: Final = 1_000


class What(StrEnum):
    """What is the matter."""

    ENDED = "ended"  # it cannot connect any more: claim it again on the spot
    OUTLIVED = "outlived"  # renewed, and the device has never come with the new one: it is asked again
    FAILED = "failed"  # the last renewal failed: it is tried again


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One device."""

    device: str
    site: str
    unit: str
    what: What
    ends: int  # µs UTC: the last of its certificates
    reason: str = ""  # of a failure, in its own words


def findings(tx: Connection, renewal: Renewal) -> list[Finding]:
    """All of them, first to end first; of a device the worst."""
    failed = select(renewals.c.device, renewals.c.reason).where(renewals.c.step == FAILED).limit(_MOST)
    reasons = {row.device: row.reason for row in tx.execute(failed)}
    found = dict.fromkeys(reasons, What.FAILED)
    found |= dict.fromkeys(renewal.outlived(tx), What.OUTLIVED)
    found |= dict.fromkeys(renewal.ended(tx), What.ENDED)
    last = func.max(certificates.c.ends).label("ends")
    query = (
        select(devices.c.device, devices.c.site, devices.c.unit, last)
        .join(certificates, certificates.c.device == devices.c.device)
        .where(certificates.c.revoked.is_(None))
        .group_by(devices.c.device, devices.c.site, devices.c.unit)
        .order_by(last, devices.c.device)
    )
    return [
        Finding(
            device=row.device,
            site=row.site,
            unit=row.unit,
            what=found[row.device],
            ends=row.ends,
            reason=reasons.get(row.device, ""),
        )
        for row in tx.execute(query.where(devices.c.device.in_(list(found)[:_MOST])))
    ]


def telling(renewal: Renewal, notices: Notices, holders: Holders) -> Callable[[Connection], None]:
    """What tells all findings, each once."""
    teller = Teller(notices, holders)
    return lambda tx: teller.tell(tx, findings(tx, renewal))


class Teller:
    """Tells each finding once. Words stand in `devices/notices`."""

    def __init__(self, notices: Notices, holders: Holders) -> None:
        self._notices = notices
        self._holders = holders
        self._told: set[tuple[str, What, int]] = set()  # what the database knows too: saves asking it

    def tell(self, tx: Connection, found: Iterable[Finding]) -> None:
        """Tell each who may let the device in; a failure is tried again first, and not told."""
        for one in found:
            mark = (one.device, one.what, one.ends)
            if one.what is What.FAILED or mark in self._told:
                continue
            for holder in self._holders.of(tx, ENROL, one.unit):
                self._notices.ask(
                    tx,
                    Notice(
                        template=f"devices.certificate-{one.what}",
                        person=holder.id,
                        data={"device": one.device, "site": one.site, "until": one.ends},
                        key=f"certificate/{one.what}/{one.device}/{one.ends}",
                    ),
                )
            self._told.add(mark)
