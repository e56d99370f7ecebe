"""The key renewed while the agent runs: `rotate-key`, then `install-certificate`, then a new connection.

The old credentials stay until the new ones have connected. Where these do not, also after a restart, the old
ones are taken again.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import Any, Final, Protocol

from contracts.commands import Command, InstallCertificate, Type
from contracts.instants import DAY, to_rfc3339
from edge.commands.errors import Refusal
from edge.commands.executor import Executor, Telling
from edge.commands.journal import Kept
from edge.enrol import keys
from edge.enrol.credentials import Credentials, Terms
from runtime.clock import Clock
from runtime.service import Health

PART: Final = "certificate"  # of the agent's health
TRIAL: Final = 60.0  # seconds in which new credentials must have connected
LOOK: Final = 5.0  # seconds between looks at the connection and the calendar
_SOON: Final = 7 * DAY  # left when nobody has renewed it: people have to hear
_log: Final = logging.getLogger(__name__)


class Client(Protocol):
    """What is needed of the broker's client (runtime.mqtt)."""

    connected: asyncio.Event
    connection: int

    def reconnect(self) -> None: ...


class Renewal:
    """The handlers of both commands, and the watch over what they left behind."""

    def __init__(
        self,
        client: Client,
        device: str,
        credentials: Credentials,
        *,
        clock: Clock,
        trial: float = TRIAL,
        look: float = LOOK,
    ) -> None:
        self._client = client
        self._device = device
        self._credentials = credentials
        self._clock = clock
        self._trial = trial
        self._look = look
        self._turn = asyncio.Lock()  # one change of credentials at a time

    def plug(self, executor: Executor) -> None:
        """Let the executor do both."""
        executor.register(Type.ROTATE_KEY, self.rotate, resume=self.resume)
        executor.register(Type.INSTALL_CERTIFICATE, self.install, resume=self.resume)

    async def rotate(self, _command: Command, _telling: Telling) -> dict[str, Any]:
        """A new key, or the one that waits already; its request."""
        async with self._turn:
            waiting = await asyncio.to_thread(self._credentials.next)
            if waiting is None:
                pair = await asyncio.to_thread(keys.make, self._device)
                await asyncio.to_thread(self._credentials.prepare, pair.key, pair.request)
                waiting = pair.key, pair.request
        return {"csr": waiting[1]}

    async def install(self, command: Command, telling: Telling) -> dict[str, Any]:
        """Connect with the new certificate; with the old one again where that does not work."""
        what = command.what
        assert isinstance(what, InstallCertificate)  # noqa: S101 - by its registration
        async with self._turn:
            terms = await asyncio.to_thread(self._put, what)
            await telling(50, "connects with the new certificate")
            if await self._connects():
                await asyncio.to_thread(self._credentials.confirm)
                return {"serial": terms.serial}
            await asyncio.to_thread(self._credentials.back)
            self._client.reconnect()
            raise RuntimeError(
                f"the new certificate did not connect within {self._trial:g} s; the old one is used"
            )

    async def resume(self, kept: Kept) -> dict[str, Any]:
        """After a restart: what is there says how far it came."""
        if kept.command.type is Type.ROTATE_KEY:
            waiting = await asyncio.to_thread(self._credentials.next)
            if waiting is None:
                raise RuntimeError("the agent stopped before the key was made")
            return {"csr": waiting[1]}
        async with asyncio.timeout(self._trial * 2):
            while await asyncio.to_thread(self._credentials.trial):  # noqa: ASYNC110 - links on a disk ring no bell
                await asyncio.sleep(0.2)
        terms = await asyncio.to_thread(self._credentials.terms)
        what = kept.command.what
        assert isinstance(what, InstallCertificate)  # noqa: S101 - by its registration
        if terms is None or terms.serial != await asyncio.to_thread(_serial, what.chain):
            raise RuntimeError("the agent stopped meanwhile; it uses the certificate from before")
        return {"serial": terms.serial}

    async def watch(self, health: Health) -> None:
        """Say when the certificate ends; end a trial that a restart left behind. For ever."""
        since = self._clock.monotonic()
        while True:
            if not self._turn.locked() and await asyncio.to_thread(self._credentials.trial):
                if self._client.connected.is_set():
                    await asyncio.to_thread(self._credentials.confirm)
                elif self._clock.monotonic() - since > self._trial:
                    _log.error("the new certificate does not connect: the one before it is used again")
                    await asyncio.to_thread(self._credentials.back)
                    self._client.reconnect()
            terms = await asyncio.to_thread(self._credentials.terms)
            health.set(PART, ok=not (trouble := _trouble(terms, self._clock.now())), reason=trouble)
            await asyncio.sleep(self._look)

    def _put(self, what: InstallCertificate) -> Terms:
        waiting = self._credentials.next()
        if waiting is None:
            raise Refusal("no key waits for a certificate: send rotate-key first")
        try:
            found = keys.read(what.chain, waiting[0])
            _context(what.root)
        except (ValueError, ssl.SSLError) as error:
            raise Refusal(f"the certificate cannot be used: {error}") from None
        if found.device != self._device:
            raise Refusal(f"the certificate is {found.device}'s, not {self._device}'s")
        terms = Terms(device=found.device, serial=found.serial, ends=found.ends)
        self._credentials.put(what.chain, what.root or self._credentials.trusted(), terms)
        return terms

    async def _connects(self) -> bool:
        before = self._client.connection
        self._client.reconnect()
        try:
            async with asyncio.timeout(self._trial):
                while self._client.connection == before or not self._client.connected.is_set():  # noqa: ASYNC110 - two conditions
                    await asyncio.sleep(0.05)
        except TimeoutError:
            return False
        return True


def _context(root: str) -> None:
    """Make sure that these roots can be read. Raises ssl.SSLError."""
    if root:
        ssl.create_default_context(cadata=root)


def _serial(chain: str) -> str:
    from cryptography import x509

    return f"{x509.load_pem_x509_certificate(chain.encode()).serial_number:x}"


def _trouble(terms: Terms | None, now: int) -> str:
    if terms is None:
        return ""
    if terms.ends <= now:
        return f"the certificate ended on {to_rfc3339(terms.ends)}: claim this device anew, `imm-edge enrol`"
    if terms.ends - now < _SOON:
        return f"the certificate ends on {to_rfc3339(terms.ends)} and was not renewed"
    return ""
