"""Lines of the kernel's character device, by the library of libgpiod: an extra, for it is LGPL."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

import gpiod
from gpiod.line import Bias, Direction, Value

from edge.kiosk.settings import Contact

if TYPE_CHECKING:
    from edge.kiosk.contacts import Line

_PULLS: Final = {"up": Bias.PULL_UP, "down": Bias.PULL_DOWN, "none": Bias.DISABLED, "": Bias.AS_IS}


class Held:
    """One line, until it is closed."""

    def __init__(self, request: gpiod.LineRequest, line: int | str) -> None:
        self._request = request
        self._line = line

    def high(self) -> bool:
        """Whether there is a voltage. Raises OSError."""
        try:
            return bool(self._request.get_value(self._line) == Value.ACTIVE)
        except ValueError as error:
            raise OSError(errno.EINVAL, str(error)) from None

    def close(self) -> None:
        """Let go of it."""
        self._request.release()


def hold(one: Contact) -> Line:
    """Ask the kernel for the line, as input. Raises OSError."""
    line = int(one.line) if one.line.isdigit() else one.line
    wanted = gpiod.LineSettings(direction=Direction.INPUT, bias=_PULLS[one.pull])
    try:
        request = gpiod.request_lines(str(one.chip), consumer="imm-edge", config={line: wanted})
    except ValueError as error:  # no such line on this chip
        raise OSError(errno.EINVAL, str(error)) from None
    return Held(request, line)
