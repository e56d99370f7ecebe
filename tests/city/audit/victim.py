"""Children that note, seal and let go until they are killed: `victim.py URL FOLDER SEED TIMES`."""

import os
import random
import signal
import sys
import time
from pathlib import Path

from city.audit import CITY, Sealer, Settings
from city.db import Database
from runtime.clock import System
from tests.city.audit.books import note, sign


def work(url: str, folder: Path, number: int, said: int) -> None:
    db = Database(url)
    keep = 1e-8 if number % 3 == 2 else 1_000.0  # days: every third lets go all that it finds
    settings = Settings(witness=folder, most=3, keep=keep, sweep=0.01, lease=0.05)
    sealer = Sealer(db, System(), settings=settings, sign=sign)
    while True:
        note(db, System(), 4, chain=CITY)
        sealer.turn()
        os.write(said, b".")


def main(url: str, folder: Path, seed: int, times: int) -> None:
    chance = random.Random(seed)
    heard, said = os.pipe()
    for number in range(times):
        child = os.fork()
        if not child:
            work(url, folder, number, said)
        if not number:  # on a busy machine the others may never come so far
            os.read(heard, 1)
        time.sleep(chance.uniform(0.03, 0.25))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
