"""Hands keys out: one question, one answer, one line each, over mutual TLS."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from city.errors import Unavailable
from contracts import sitekeys
from contracts.errors import Refused
from contracts.sitekeys import Answer, Key, Refusal
from contracts.topics import Device
from devices.sitekeys.door import Door
from devices.sitekeys.errors import NotAdmitted
from devices.sitekeys.keyring import Keyring
from devices.sitekeys.limits import Limits

HANDSHAKE: Final = 10.0  # seconds for the handshake
PATIENCE: Final = 10.0  # seconds for question and answer after it
_BUSY: Final = 30.0  # seconds until a device asks again that could not be looked up
_log: Final = logging.getLogger(__name__)


class Holder:
    """Answers connections; everything runs in the loop's thread but the look-up of devices."""

    def __init__(
        self, keyring: Keyring, door: Door, limits: Limits, *, most: int, registry: CollectorRegistry
    ) -> None:
        self._keyring = keyring
        self._door = door
        self._limits = limits
        self._room = asyncio.Semaphore(most)
        self._answers = Counter(
            "imm_sitekeys_answers", "Questions for site keys by answer", ["answer"], registry=registry
        )

    async def listen(self, context: ssl.SSLContext, host: str, port: int) -> asyncio.Server:
        """Begin to answer. Raises OSError."""
        return await asyncio.start_server(
            self._serve, host, port, ssl=context, ssl_handshake_timeout=HANDSHAKE, limit=sitekeys.LONGEST
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE), self._room:
                answer = await self._answer(reader, writer)
                writer.write(sitekeys.encode(answer))
                await writer.drain()
        except (OSError, TimeoutError, ssl.SSLError):  # it went away, or never asked
            self._answers.labels("gone").inc()
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer | Refusal:
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if certificate is None:  # the context asks for one; should that ever change, nobody gets in
            return self._refuse("unknown", "no certificate", 3_600.0)
        try:
            line = await reader.readline()
            ask = sitekeys.decode_ask(line)
            device = await asyncio.to_thread(self._door.admit, hashlib.sha256(certificate).hexdigest())
            self._spend(device)
        except (Refused, ValueError) as error:  # ValueError: a line that does not end
            return self._refuse("malformed", str(error), 60.0)
        except NotAdmitted as error:
            return self._refuse(error.reason, error.text, error.after)
        except Unavailable:
            return self._refuse("busy", "the registry does not answer", _BUSY)
        return self._give(device, set(ask.known))

    def _spend(self, device: Device) -> None:
        wait = self._limits.wait(device.device)
        if wait:
            raise NotAdmitted("rate", "asked too often", after=wait)

    def _give(self, device: Device, known: set[str]) -> Answer:
        """Keys of the device's own site; whose secret it has already is named without."""
        keys = self._keyring.keys(device.site)
        for key in keys:
            if key.id not in known:
                _log.info(
                    "site key handed out",
                    extra={"device": device.device, "site": key.site, "day": key.day, "key_id": key.id},
                )
        self._answers.labels("given").inc()
        return Answer(keys=tuple(_without(key) if key.id in known else key for key in keys))

    def _refuse(self, reason: str, text: str, after: float) -> Refusal:
        _log.info("site key refused: %s", reason)
        self._answers.labels(reason).inc()
        return Refusal(reason=reason, text=text[:200], after=after)


def _without(key: Key) -> Key:
    return Key(site=key.site, day=key.day, id=key.id)


def context(certificate: str, key: str, trusted: str) -> ssl.SSLContext:
    """TLS 1.3, and nobody without a certificate of these authorities (PEM). Raises OSError, SSLError."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.verify_mode = ssl.CERT_REQUIRED
    made.num_tickets = 0  # each connection shows its certificate anew
    made.load_cert_chain(certificate, key)
    made.load_verify_locations(cadata=trusted)
    return made
