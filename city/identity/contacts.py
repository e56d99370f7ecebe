"""Phones and mailboxes: one form for all ways of writing them, and what of them may be shown."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from contracts.errors import Refused

_HIDDEN: Final = "(not shown)"  # an error may be logged
_REGION: Final = "ID"  # 08… means +628…
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
    form = _phone if contact.kind == ContactKind.PHONE else _email
    return Contact(kind=contact.kind, address=form(contact.address.strip()[:_LONGEST]))


def masked(address: str) -> str:
    """Enough for its owner to recognise it."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}•••{at}{domain}" if at else f"{address[:3]}•••{address[-3:]}"


def _phone(text: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, _REGION)
    except phonenumbers.NumberParseException:
        raise Refused("phone", _HIDDEN, "write it as 0812… or +62812…") from None
    if not phonenumbers.is_valid_number(number):
        raise Refused("phone", _HIDDEN, "there is no such number: write it as 0812… or +62812…")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        raise Refused("email", _HIDDEN, "write it as name@example.go.id") from None
    return found.normalized.casefold()
