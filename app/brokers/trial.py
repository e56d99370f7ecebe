"""Tries the matrix with real clients, and tells where the broker did otherwise than it should."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from app.brokers.caller import REFUSED, Caller
from app.brokers.matrix import Act, Party, Try, World, hears, writes
from app.brokers.port import Endpoint

QUIET: Final = 0.3  # seconds in which what should not come would come
_PAYLOAD: Final = b"acl-check"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one try."""

    party: str
    act: Act
    topic: str
    allowed: bool  # as it should be
    done: bool  # what the broker did

    @property
    def hole(self) -> bool:
        """The broker allowed what it must not."""
        return self.done and not self.allowed

    @property
    def blocked(self) -> bool:
        """It refused what is needed."""
        return self.allowed and not self.done


class Trial:
    """One broker, whose parties have these passwords."""

    def __init__(
        self,
        place: Endpoint,
        world: World,
        passwords: Mapping[str, str],
        *,
        tls: ssl.SSLContext | None = None,
        live: bool = False,
    ) -> None:
        """`passwords`: by account. `live`: others would believe what may be written, so it is not."""
        self._place = place
        self._world = world
        self._passwords = passwords
        self._tls = tls
        self._live = live

    def run(self, parties: Sequence[Party], witness: Party) -> list[Outcome]:
        """Try everything. `witness` hears all of this world. Raises Failure where a connection breaks."""
        found: list[Outcome] = []
        with self._call(witness) as ear:
            ear.ask(witness.topics.read)
            for party in parties:
                with self._call(party) as caller:
                    mine = [one for one in self._world.tries([party]) if one.act is not Act.WILL]
                    if self._live:
                        mine = [one for one in mine if one.act is Act.READ or not one.allowed]
                    found += self._ask(caller, mine)
                    found += self._say(caller, mine)
                    found += self._overheard(caller, party)
                if party.device and not self._live:
                    found += self._wills(party, ear)
            found += self._kept(witness)
        found += self._strangers(parties)
        return found

    def _call(self, party: Party, *, password: str = "", client_id: str = "", will: str = "") -> Caller:
        return Caller(
            self._place,
            party.account,
            password or self._passwords[party.account],
            tls=self._tls,
            client_id=client_id or party.client_id or f"check.{party.account}",
            will=(will, _PAYLOAD) if will else None,
        )

    def _ask(self, caller: Caller, tries: Sequence[Try]) -> list[Outcome]:
        mine = [one for one in tries if one.act is Act.READ]
        codes = caller.ask([one.topic for one in mine])
        return [_outcome(one, code < REFUSED) for one, code in zip(mine, codes, strict=True)]

    def _say(self, caller: Caller, tries: Sequence[Try]) -> list[Outcome]:
        found: list[Outcome] = []
        for act in (Act.RETAIN, Act.WRITE):
            mine = [one for one in tries if one.act is act]
            codes = caller.say([one.topic for one in mine], _PAYLOAD, retain=act is Act.RETAIN)
            found += [_outcome(one, code < REFUSED) for one, code in zip(mine, codes, strict=True)]
        return found

    def _overheard(self, caller: Caller, party: Party) -> list[Outcome]:
        """What reached a party although no filter of its own hears it."""
        caller.until(lambda: False, 0.02)
        return [
            Outcome(party=party.label, act=Act.READ, topic=topic, allowed=False, done=True)
            for topic in sorted({topic for topic, _ in caller.heard})
            if not hears(party.topics, topic)
        ]

    def _wills(self, party: Party, ear: Caller) -> list[Outcome]:
        """Each on a connection that breaks; the witness hears which of them were published."""
        ear.until(lambda: False, QUIET)
        ear.heard.clear()
        wills = self._world.wills()
        for topic in wills:
            with self._call(party, will=topic) as caller:
                if caller.refused:
                    continue
        ear.until(lambda: False, QUIET)
        heard = {topic for topic, _ in ear.heard}
        return [
            Outcome(
                party=party.label,
                act=Act.WILL,
                topic=topic,
                allowed=writes(party.topics, topic),
                done=topic in heard,
            )
            for topic in wills
        ]

    def _kept(self, witness: Party) -> list[Outcome]:
        """Messages that the broker keeps of all that was tried: none was to be kept."""
        with self._call(witness, client_id="check.kept") as late:
            late.ask(witness.topics.read)
            late.until(lambda: False, QUIET)
            return [
                Outcome(party="anybody", act=Act.RETAIN, topic=topic, allowed=False, done=True)
                for topic, payload in late.heard
                if payload == _PAYLOAD
            ]

    def _strangers(self, parties: Sequence[Party]) -> list[Outcome]:
        """Who is not who he says is not let in."""
        device = next(party for party in parties if party.device)
        attempts = {
            "without a name": Caller(self._place, tls=self._tls, client_id="check.nobody"),
            "with an unknown name": Caller(self._place, "nobody", "x", tls=self._tls),
            "with a wrong password": self._call(device, password="wrong"),  # noqa: S106 - it is to be refused
            "with another's client id": self._call(device, client_id=self._world.peer.device),
        }
        if shut := self._passwords.get(self._world.far.device):
            attempts["though disabled"] = Caller(
                self._place, self._world.far.device, shut, tls=self._tls, client_id=self._world.far.device
            )
        found = []
        for how, caller in attempts.items():
            done = not caller.refused
            caller.drop()
            found.append(Outcome(party="stranger", act=Act.CONNECT, topic=how, allowed=False, done=done))
        return found


def _outcome(one: Try, done: bool) -> Outcome:  # noqa: FBT001 - the broker's answer
    return Outcome(party=one.party, act=one.act, topic=one.topic, allowed=one.allowed, done=done)
