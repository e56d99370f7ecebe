"""What analytics' tests share: series, rules and a roster of the Bima area's kind."""

from collections.abc import Iterable

import pytest

from analytics.samples import Samples, of_block
from analytics.watches import Scene
from contracts.judgements import Severity, Text
from contracts.roster import Entry, Window
from contracts.rules import Rule, Test
from contracts.series import Block, Selector, Series, Value
from contracts.topics import Kind
from devices.roster import Roster

NOW = 1_764_547_200_000_000  # 2025-12-01T00:00:00Z, a Monday, 07:00 in Jakarta
SECOND = 1_000_000


class Kit:
    """Makers of what a test speaks of."""

    now = NOW

    @staticmethod
    def series(
        metric: str = "temperature", device: str = "kiosk-1", *, instance: str = "", unit: str = "Cel"
    ) -> Series:
        return Series(
            site="bima", kind=Kind.KIOSK, device=device, metric=metric, instance=instance, unit=unit
        )

    @staticmethod
    def rule(test: Test, *metrics: str, id_: str = "kiosk-hot", instance: str | None = None) -> Rule:
        return Rule(
            id=id_,
            title=Text(id="Panas", en="Hot"),
            severity=Severity.SEVERE,
            select=Selector(kind=Kind.KIOSK, metrics=metrics, instance=instance),
            test=test,
        )

    @staticmethod
    def block(rows: Iterable[tuple[Series, float, Value]]) -> Block:
        """Series, seconds after NOW, value."""
        block = Block()
        for series, seconds, value in rows:
            block.append(series, NOW + round(seconds * SECOND), value)
        return block

    def samples(self, rows: Iterable[tuple[Series, float, Value]]) -> Samples:
        return of_block(self.block(rows))

    @staticmethod
    def roster(*windows: Window) -> Roster:
        return Roster(
            Entry(device=f"kiosk-{number}", kind=Kind.KIOSK, site="bima", maintenance=windows)
            for number in range(1, 10)
        )

    def scene(self, seconds: float = 0, roster: Roster | None = None, *, away: Iterable[str] = ()) -> Scene:
        """What the time is, seconds after NOW."""
        return Scene(
            now=NOW + round(seconds * SECOND),
            horizon=NOW - 86_400 * SECOND,
            roster=roster or self.roster(),
            producer="analytics",
            away=frozenset(away),
        )


@pytest.fixture(scope="session")
def kit() -> Kit:
    return Kit()
