"""Passkeys (WebAuthn): both factors at one touch, or the second after a password. Calls block."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, select, update

from city.db import Database
from city.identity import factors, fields, opaque, persons, rows, sessions
from city.identity.caller import Caller
from city.identity.came import Came
from city.identity.errors import BadSignIn, Taken
from city.identity.factors import FactorKind
from city.identity.model import Person, PersonState
from city.identity.notes import Notes
from city.identity.seals import Sealer
from city.identity.sessions import Method, Opened
from city.identity.settings import Settings
from city.identity.signin import SignIn
from city.identity.tables.factors import challenges, passkeys
from contracts.errors import Refused
from contracts.instants import SECOND
from runtime.clock import Clock
from runtime.ids import Factory

_LASTS: Final = 300 * SECOND  # a challenge
_REGISTER: Final = "register"
_SIGN_IN: Final = "sign-in"
_MOST: Final = 20  # passkeys of one person


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a page hands to the browser's `navigator.credentials`."""

    id: str  # of the challenge, to be given back with the answer
    options: dict[str, Any]  # `publicKey`


class Passkeys:
    """Adds passkeys, and lets people in by them."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        sealer: Sealer,
        notes: Notes,
        signin: SignIn,
        settings: Settings,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._notes = notes
        self._signin = signin
        self._settings = settings
        address = urlsplit(settings.address)
        self._rp = address.hostname or "localhost"
        self._origin = f"{address.scheme}://{address.netloc}"

    def ask_new(self, by: Caller) -> Asked:
        """Options for a new passkey. Raises Again, Refused."""
        from webauthn import generate_registration_options as generate
        from webauthn.helpers import structs

        choice = structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        )
        with self._db.read() as tx:
            factors.may_change(tx, by, self._clock.now())
            person = persons.get(tx, by.id)
            known = _credentials(tx, by.id)
            if len(known) >= _MOST:
                raise Refused("passkey", len(known), f"at most {_MOST}: remove one first")
            options = generate(
                rp_id=self._rp,
                rp_name=self._settings.name,
                user_id=person.id.encode(),
                user_name=person.login,
                user_display_name=person.name,
                authenticator_selection=choice,
                exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in known],
            )
        return self._asked(_REGISTER, by.id, options.challenge, options)

    def add(self, by: Caller, asked: str, answer: dict[str, Any], *, label: str) -> Opened | None:
        """Keep a new passkey; the session anew where it was not strong before.

        Raises BadSignIn, Taken, Refused, Again.
        """
        from webauthn import verify_registration_response as verify
        from webauthn.helpers import bytes_to_base64url

        label = fields.line("label", label, most=80)
        now = self._clock.now()
        with self._db.begin() as tx:
            factors.may_change(tx, by, now)
            try:
                found = verify(
                    credential=answer,
                    expected_challenge=self._challenge(asked, _REGISTER, by.id),
                    expected_rp_id=self._rp,
                    expected_origin=self._origin,
                    require_user_verification=True,
                )
            except Exception:  # noqa: BLE001 - a browser may send anything, and the library raises as it likes
                raise BadSignIn from None
            self._use(tx, asked)
            row = {
                "id": self._ids(),
                "person": by.id,
                "label": label,
                "credential": bytes_to_base64url(found.credential_id),
                "public_key": found.credential_public_key,
                "signatures": found.sign_count,
                "transports": [],
                "created": now,
                "used": now,
            }
            if not rows.add(self._db, tx, passkeys, row):
                raise Taken("passkey", label)
            changed = (FactorKind.PASSKEY,)
            self._notes.note(tx, by=by.id, action="factor.added", kind="person", id=by.id, changed=changed)
            return factors.confirmed(tx, by, now, self._settings.sessions)

    def ask(self, token: str = "") -> Asked:
        """Options to show a passkey: anybody's, or that of the open session. Raises BadSignIn."""
        from webauthn import generate_authentication_options as generate
        from webauthn.helpers import structs

        with self._db.read() as tx:
            session = sessions.standing(tx, token, self._clock.now()) if token else None
            if token and session is None:
                raise BadSignIn
            person = session.person if session else ""
            allowed = [structs.PublicKeyCredentialDescriptor(id=one) for one in _credentials(tx, person)]
            options = generate(
                rp_id=self._rp,
                allow_credentials=allowed if session else None,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            )
        return self._asked(_SIGN_IN, person, options.challenge, options)

    def show(self, asked: str, answer: dict[str, Any], came: Came, token: str = "") -> Opened:
        """A strong session: a new one, or the open one with its second factor. Raises BadSignIn."""
        now = self._clock.now()
        with self._db.begin() as tx:
            session = sessions.standing(tx, token, now) if token else None
            challenge = self._challenge(asked, _SIGN_IN, session.person if session else "")
            person = self._verified(tx, challenge, answer, now)
            self._use(tx, asked)
            if session is None:
                opened: Opened | None = self._signin.open(tx, person, Method.PASSKEY, came, strong=True)
            elif session.person == person.id:
                opened = sessions.strengthen(tx, session, person, now=now, limits=self._settings.sessions)
            else:
                opened = None
            if opened is None:
                raise BadSignIn
            self._signin.came_in(tx, person, opened, FactorKind.PASSKEY)
        return self._signin.known(opened, came)

    def _verified(self, tx: Connection, challenge: bytes, answer: dict[str, Any], now: int) -> Person:
        """Whose passkey answered. Raises BadSignIn."""
        from webauthn import verify_authentication_response as verify

        credential = str(answer.get("id", ""))[:1_400]
        query = select(passkeys).where(passkeys.c.credential == credential).with_for_update()
        row = tx.execute(query).one_or_none()
        person = persons.get(tx, row.person, lock=True) if row else None
        if row is None or person is None or person.state != PersonState.ACTIVE:
            raise BadSignIn
        try:
            found = verify(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._rp,
                expected_origin=self._origin,
                credential_public_key=row.public_key,
                credential_current_sign_count=row.signatures,
                require_user_verification=True,
            )
        except Exception:  # noqa: BLE001 - a browser may send anything, and the library raises as it likes
            raise BadSignIn from None
        mine = passkeys.c.id == row.id
        tx.execute(update(passkeys).where(mine).values(signatures=found.new_sign_count, used=now))
        return person

    def _asked(self, purpose: str, person: str, challenge: bytes, options: Any) -> Asked:
        from webauthn.helpers import options_to_json_dict

        expires = self._clock.now() + _LASTS
        id_ = f"{challenge.hex()}.{expires}.{self._signed(purpose, person, challenge.hex(), str(expires))}"
        return Asked(id=id_, options=options_to_json_dict(options))

    def _challenge(self, asked: str, purpose: str, person: str) -> bytes:
        """A challenge of ours for this purpose and person. Raises BadSignIn."""
        challenge, expires, signature = ([*asked.split(".", 2), "", ""])[:3]
        if not opaque.same(signature, self._signed(purpose, person, challenge, expires)):
            raise BadSignIn
        if not 0 <= int(expires) - self._clock.now() <= _LASTS:
            raise BadSignIn
        return bytes.fromhex(challenge)

    def _use(self, tx: Connection, asked: str) -> None:
        """Take a challenge, for one of all who answered it. Raises BadSignIn."""
        row = {"hash": opaque.digest(asked), "expires": self._clock.now() + _LASTS}
        if not rows.add(self._db, tx, challenges, row):
            raise BadSignIn

    def _signed(self, purpose: str, person: str, challenge: str, expires: str) -> str:
        return self._sealer.blind("challenge", f"{purpose}:{person}:{challenge}:{expires}")


def _credentials(tx: Connection, person: str) -> list[bytes]:
    from webauthn.helpers import base64url_to_bytes

    query = select(passkeys.c.credential).where(passkeys.c.person == person)
    return [base64url_to_bytes(text) for text in tx.execute(query.order_by(passkeys.c.created)).scalars()]
