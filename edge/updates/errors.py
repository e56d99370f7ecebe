"""Why an update does not come about. The version that runs goes on running."""

from __future__ import annotations


class Failure(Exception):
    """Root of this package's errors."""


class Unsigned(Failure):
    """Nobody whom this device believes says that these files may run here."""


class Away(Failure):
    """The place of the files does not answer, or gives something else. Retryable with a new command."""


class Unfit(Failure):
    """What was installed does not start."""


class GivenUp(Failure):
    """The new version was started and did not prove itself; the old one runs again."""
