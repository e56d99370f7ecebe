"""What keeps the holder of site keys from working."""

from __future__ import annotations

from collections.abc import Sequence

from devices.errors import Failure


class NotAlone(Failure):
    """Keys and sketches would meet in one process."""

    cure = "run it as a process of its own: imm run keys"

    def __init__(self, modules: Sequence[str]) -> None:
        self.what = "the holder of site keys does not run here"
        self.reason = (
            f"this process has {', '.join(modules)}: whoever has keys and sketches can name visitors"
        )
        super().__init__(f"{self.what}: {self.reason}")


class NotAdmitted(Failure):
    """This device gets no key; `reason` is the word of contracts.sitekeys.Refusal."""

    def __init__(self, reason: str, text: str, *, after: float) -> None:
        self.reason = reason
        self.text = text
        self.after = after  # seconds until it makes sense to ask again
        super().__init__(f"{reason}: {text}")
