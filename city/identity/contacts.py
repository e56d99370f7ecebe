"""Phones and mailboxes: one form for all ways of writing them, and what of them may be shown."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from city.privacy.normal import FORMS

_LONGEST: Final = 320  # characters of a mail address


class ContactKind(StrEnum):
    """How a code reaches somebody."""

    PHONE = "phone"
    EMAIL = "email"


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A phone or a mailbox."""

    kind: ContactKind
    address: str

    def __repr__(self) -> str:
        return f"Contact(kind={self.kind.value!r})"  # a log may show it


def typed(text: str) -> Contact:
    """What somebody typed into a field that takes both."""
    return Contact(kind=ContactKind.EMAIL if "@" in text else ContactKind.PHONE, address=text)


def normal(contact: Contact) -> Contact:
    """In the one form that is kept. Raises Refused, which does not show it."""
    return Contact(kind=contact.kind, address=FORMS[contact.kind](contact.address.strip()[:_LONGEST]))


def masked(address: str) -> str:
    """Enough for its owner to recognise it."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}•••{at}{domain}" if at else f"{address[:3]}•••{address[-3:]}"
