"""`imm-edge`: an agent as its unit starts it runs at once; everything else is a command line's business."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

_PLAIN = 3  # words of `kiosk --config FILE`


def main() -> None:
    """Entry point."""
    if not plain(sys.argv[1:]):
        from edge.cli import edge

        edge()


def plain(arguments: Sequence[str]) -> bool:
    """Run `KIND --config FILE` without the library of command lines, 2 MB; False for any other command."""
    if len(arguments) != _PLAIN or arguments[1] != "--config":
        return False
    from edge import start
    from runtime.service import Failed
    from runtime.settings import Wrong

    if arguments[0] not in start.KINDS or not Path(arguments[2]).is_file():
        return False
    try:
        start.start(arguments[0], Path(arguments[2]), {})
    except (Failed, Wrong) as error:
        from edge.cli import told

        failure = told(error)
        if failure is None:
            raise
        failure.show()
        sys.exit(1)
    return True
