"""Stage 3: a device gets its share; what it sends beyond is boxed, and its neighbours notice nothing.

A boxed message that is numbered is acknowledged, neither stored nor receipted: its sender still has it in
its spool and sends it again, later. One that is not numbered is kept as a dead letter, since nobody
would send it again. Dead letters have a share of their own: a flood of bad input fills no disk.
"""

from __future__ import annotations

from typing import Final

from contracts.topics import Channel
from ingest.gather import Load
from ingest.parcel import Parcel, Reason, Verdict, refuse
from ingest.settings import Share
from runtime.clock import Clock

_STRANGERS: Final = ""  # all whom the roster does not know share one account
_LETTERS: Final = Verdict(reason=Reason.DROPPED, field="device", why="beyond its share of dead letters")


class _Account:
    __slots__ = ("at", "letters", "messages", "records")

    def __init__(self, share: Share, now: float) -> None:
        self.at = now
        self.records = share.records_per_s * share.burst_s
        self.messages = share.messages_per_s * share.burst_s
        self.letters = share.letters_per_s * share.burst_s


class Box:
    """Token buckets by device: in messages and records for what it sends, in letters for what is refused."""

    def __init__(self, share: Share, clock: Clock) -> None:
        self._share = share
        self._clock = clock
        self._accounts: dict[str, _Account] = {}

    def __call__(self, parcel: Parcel, _load: Load) -> Verdict | None:
        if parcel.channel is Channel.STATUS:
            return None
        account = self._account(parcel)
        account.messages -= 1
        if account.messages >= 0 and account.records >= 0:
            return None
        account.messages += 1
        if parcel.sequence is not None:
            return Verdict(reason=Reason.BOXED)
        name = parcel.device.device if parcel.device else ""
        return refuse(
            Reason.EXCESS, "device", name, "sends more than its share; number the batches or send less"
        )

    def charge(self, parcel: Parcel) -> None:
        """Take what an accepted message held from its device's share; if too much, the next is boxed."""
        account = self._accounts.get(parcel.device.device) if parcel.device else None
        if account is not None:
            account.records -= parcel.samples

    def letter(self, parcel: Parcel) -> Verdict | None:
        """Whether the device may have one more dead letter; if not, what becomes of the message."""
        account = self._account(parcel)
        if account.letters >= 1:
            account.letters -= 1
            return None
        return _LETTERS if parcel.sequence is None else Verdict(reason=Reason.BOXED)

    def _account(self, parcel: Parcel) -> _Account:
        name = parcel.device.device if parcel.device else _STRANGERS
        now = self._clock.monotonic()
        account = self._accounts.get(name)
        if account is None:
            account = self._accounts[name] = _Account(self._share, now)
            return account
        share = self._share
        passed = now - account.at
        if passed > 0:
            account.at = now
            account.records = min(
                account.records + passed * share.records_per_s, share.records_per_s * share.burst_s
            )
            account.messages = min(
                account.messages + passed * share.messages_per_s, share.messages_per_s * share.burst_s
            )
            account.letters = min(
                account.letters + passed * share.letters_per_s, share.letters_per_s * share.burst_s
            )
        return account
