"""Errors of files. What a citizen may have caused is said in both languages."""

from __future__ import annotations

import city.errors
from contracts.errors import shown
from contracts.judgements import Text


class Failure(city.errors.Failure):
    """Root of this package's errors."""


class Unfit(Failure, ValueError):
    """What was sent cannot be kept; nothing was. The sender must choose another file."""

    def __init__(self, name: str, said: Text) -> None:
        self.field = "file"
        self.value = shown(name)
        self.reason = said.en
        self.said = said
        self.cure = "choose another file, or save this one in another form"
        super().__init__(f"{self.value}: {said.en}")


class TooLarge(Unfit):
    """More bytes than this use takes; reading stopped there."""

    def __init__(self, name: str, limit: int) -> None:
        self.limit = limit  # bytes
        size = f"{limit / 1e6:g} MB"
        super().__init__(
            name,
            Text(id=f"berkas lebih besar dari {size}", en=f"the file is larger than {size}"),
        )


class Late(Failure):
    """The draft waited too long and is swept: send the file again."""

    def __init__(self, name: str) -> None:
        self.field = "file"
        self.value = shown(name)
        self.reason = "it was sent too long ago and is no longer here"
        self.cure = "send it again"
        super().__init__(f"{self.value}: {self.reason}; {self.cure}")


class Missing(Failure, LookupError):
    """There is no such file, or its record was erased."""

    def __init__(self, file: str) -> None:
        self.field = "file"
        self.value = shown(file)
        self.reason = "there is no such file"
        super().__init__(f"there is no file {self.value}")


class Damaged(Failure):
    """The content is not what was written: restore it from a backup."""

    def __init__(self, file: str, reason: str) -> None:
        self.file = file
        self.reason = reason
        self.cure = "restore it from a backup"
        super().__init__(f"the content of {file} is damaged: {reason}; {self.cure}")


class Away(Failure):
    """The place of contents does not answer, or is full; nothing was kept. Try again later."""

    def __init__(self, reason: str, *, after: float = 5.0) -> None:
        self.reason = reason
        self.after = after  # seconds
        super().__init__(f"the place of files is not available: {reason}; try again")


class WrongPlace(Failure):
    """The setting `files.place` or its keys cannot be used. `cure` says what to do."""

    def __init__(self, place: str, reason: str, cure: str) -> None:
        self.place = place
        self.reason = reason
        self.cure = cure
        super().__init__(f"files.place = {place}: {reason}; {cure}")


class Stale(Failure):
    """The link is over, was withdrawn, or is somebody else's: ask for the file again where it is listed."""

    def __init__(self, reason: str) -> None:
        self.field = "link"
        self.value = "(hidden)"
        self.reason = reason
        self.cure = "open the file again from its page"
        super().__init__(f"this link cannot be used: {reason}; {self.cure}")
