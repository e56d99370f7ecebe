"""Forks victims that have all imported: `python -m tests.city.kills.zygote`, a task a line on stdin."""

import contextlib
import os
import signal
import sys

import msgspec

from tests.city.kills.works import Task, say, work


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps: who is dead is gone
    child = 0
    for line in sys.stdin.buffer:
        task = msgspec.json.decode(line, type=Task)
        child = os.fork()
        if not child:
            try:
                work(task)
            finally:
                os._exit(1)
        say(f"started {child}")
    if child:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
