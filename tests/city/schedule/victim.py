"""Processes that set and fire clocks and are killed at any moment: `victim.py URL ROUNDS SEED`.

One process loads the code and forks the others, so that twenty of them cost little. Each round two of them
work on the same database, and one is killed.
"""

import asyncio
import os
import random
import signal
import sys
import time

from sqlalchemy import insert

from city.db import Database
from city.schedule import Clock, Clocks, Every, Runner
from contracts.instants import SECOND
from runtime.clock import System
from tests.city.schedule.bench import CALENDARS, FAST, KIND, asked, writing

SET_AT_ONCE = 3
ROUND = 24  # clocks that each process sets


async def work(url: str, name: str) -> None:
    """Set clocks, some of them due at once, and fire whatever is due."""
    db = Database(url)
    clocks = Clocks(clock=System(), calendars=CALENDARS)

    def put() -> None:
        for first in range(0, ROUND, SET_AT_ONCE):
            with db.begin() as tx:
                for number in range(first, first + SET_AT_ONCE):
                    due = System().now() + number * SECOND // 200
                    clocks.set(tx, Clock(kind=KIND, key=f"{name}-{number}", due=due))
                    tx.execute(insert(asked).values(key=f"{name}-{number}"))

    handlers = [writing(), writing("tick.due", every=Every(span=SECOND))]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Runner(db, clocks, handlers, time=System(), settings=FAST).run())
        await asyncio.to_thread(put)


def fork(url: str, name: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        asyncio.run(work(url, name))
    finally:
        os._exit(1)


def main(url: str, rounds: int, seed: int) -> None:
    dice = random.Random(seed)
    survivor = fork(url, "s")
    for number in range(rounds):
        victim = fork(url, f"r{number}")
        time.sleep(dice.uniform(0.02, 0.25))  # any moment: that is what is tried
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        if number == rounds // 2:  # nobody is left for a moment
            os.kill(survivor, signal.SIGKILL)
            os.waitpid(survivor, 0)
            survivor = fork(url, "t")
    os.kill(survivor, signal.SIGKILL)
    os.waitpid(survivor, 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
