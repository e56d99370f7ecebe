"""A desk that opens incidents until it is killed; says each number once it is committed."""

import sys

from programmes.tangi.settings import Due, Settings
from runtime.clock import System
from tests.fixtures.stage import Stage, alert

DESK = Settings(due=Due(p3=1.0))


def main(url: str) -> None:
    """Open one after another."""
    stage = Stage(url, System(), desk=DESK)
    for number in range(100_000):
        one = alert(stage.clock, number, device=f"footfall-{number}")
        event = stage.event("firing", one)
        stage.write(lambda tx, event=event: stage.tangi.ear.hear(tx, event))  # type: ignore[misc]
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
