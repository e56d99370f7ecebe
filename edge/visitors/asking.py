"""Asking the holder of site keys: one question and its answer over mutual TLS."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Final

from contracts import sitekeys
from contracts.sitekeys import Answer, Ask, Refusal
from edge.visitors.settings import Settings
from runtime import mqtt

PATIENCE: Final = 15.0  # seconds for all of it


class Holder:
    """Where to ask, and as whom; files are read anew each time, for certificates are renewed."""

    def __init__(self, settings: Settings, broker: mqtt.Settings) -> None:
        self._settings = settings
        self._files = (
            settings.ca_file or broker.ca_file,
            settings.cert_file or broker.cert_file,
            settings.key_file or broker.key_file,
        )

    async def __call__(self, known: tuple[str, ...]) -> Answer | Refusal:
        """What the holder answers. Raises OSError (TimeoutError and TLS's among them), Refused."""
        context = await asyncio.to_thread(_context, *self._files)
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(
                self._settings.host, self._settings.port, ssl=context, limit=sitekeys.LONGEST
            )
            try:
                writer.write(sitekeys.encode(Ask(known=known)))
                line = await reader.readline()
            except ValueError:
                raise OSError("the holder of site keys answers with a line without end") from None
            finally:
                writer.close()
        if not line:
            raise ConnectionError("the holder of site keys does not take this device's certificate")
        return sitekeys.decode_answer(line)


def _context(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
