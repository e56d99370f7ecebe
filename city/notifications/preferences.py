"""What a person wants to be told, where, and when not."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from city.notifications import quiet
from city.notifications.errors import Locked, Unknown
from city.notifications.model import SENT_OUT, Channel
from city.notifications.tables import preferences, quiet_hours
from city.notifications.templates import Catalogue
from contracts.errors import Refused


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One topic, as a person has set it."""

    topic: str
    title: str
    locked: bool  # cannot be switched off
    channels: dict[str, bool]  # those that its templates use, and whether he wants them


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """All that a person can choose."""

    topics: tuple[Choice, ...]
    quiet: str  # `21:00-06:00`; empty: none
    own: bool  # these hours are his own, not the city's


class Preferences:
    """Keeps what people choose; what nobody chose is on, and the quiet hours are the city's."""

    def __init__(self, catalogue: Catalogue, *, quiet: str) -> None:
        """`quiet`: the city's hours. Raises Refused."""
        self._catalogue = catalogue
        self._quiet = _checked(quiet)

    def choices(self, tx: Connection, person: str, *, language: str) -> Choices:
        """What a person has chosen, and could."""
        off = self.switched_off(tx, person)
        used: dict[str, set[Channel]] = {}
        for template in self._catalogue:
            used.setdefault(template.topic, set()).update(set(template.channels) & set(SENT_OUT))
        topics = tuple(
            Choice(
                topic=name,
                title=topic.en if language == "en" else topic.id,
                locked=topic.locked,
                channels={
                    channel: topic.locked or not off.get((name, channel), False)
                    for channel in SENT_OUT
                    if channel in used.get(name, ())
                },
            )
            for name, topic in self._catalogue.topics.items()
        )
        own = self._own(tx, person)
        return Choices(topics=topics, quiet=self._quiet if own is None else own, own=own is not None)

    def choose(
        self, tx: Connection, person: str, topic: str, channel: Channel, *, wanted: bool, now: int
    ) -> None:
        """Switch one topic on one channel on or off. Raises Unknown, Locked, Refused."""
        found = self._catalogue.topics.get(topic)
        if found is None:
            raise Unknown("topic", topic)
        if found.locked and not wanted:
            raise Locked(topic)
        if channel not in SENT_OUT:
            raise Refused("channel", channel, "is always on")
        build = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
        values = {"wanted": wanted, "changed": now}
        same = {"person": person, "topic": topic, "channel": channel}
        tx.execute(
            build(preferences)
            .values(same | values)
            .on_conflict_do_update(index_elements=list(same), set_=values)
        )

    def switched_off(self, tx: Connection, person: str) -> Mapping[tuple[str, str], bool]:
        """(topic, channel) → true, of what a person does not want; locked topics are wanted."""
        query = select(preferences).where(preferences.c.person == person, preferences.c.wanted.is_(False))
        locked = {name for name, topic in self._catalogue.topics.items() if topic.locked}
        return {(row.topic, row.channel): True for row in tx.execute(query) if row.topic not in locked}

    def quiet(self, tx: Connection, person: str) -> str:
        """A person's quiet hours: his own, or the city's."""
        own = self._own(tx, person)
        return self._quiet if own is None else own

    def keep_quiet(self, tx: Connection, person: str, hours: str | None, *, now: int) -> None:
        """Give a person hours of his own, none (empty), or the city's again (None). Raises Refused."""
        tx.execute(delete(quiet_hours).where(quiet_hours.c.person == person))
        if hours is not None:
            values = {"person": person, "hours": _checked(hours), "changed": now}
            build = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
            changes = {"hours": values["hours"], "changed": now}
            tx.execute(
                build(quiet_hours)
                .values(values)
                .on_conflict_do_update(index_elements=["person"], set_=changes)
            )

    def _own(self, tx: Connection, person: str) -> str | None:
        query = select(quiet_hours.c.hours).where(quiet_hours.c.person == person)
        return tx.execute(query).scalar_one_or_none()


def _checked(hours: str) -> str:
    return quiet.check(hours)
