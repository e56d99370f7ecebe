"""The client: stays connected for ever, keeps its subscriptions, never claims what it cannot know."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Self

from runtime import logs
from runtime import settings as configuration
from runtime.clock import Clock, System
from runtime.mqtt import packets, tls
from runtime.mqtt.connection import Connection
from runtime.mqtt.errors import Failure, Lost
from runtime.mqtt.message import Ask
from runtime.mqtt.routes import Handler, Routes
from runtime.mqtt.settings import Settings, Will

_log: Final = logging.getLogger(__name__)
_FIRST_PAUSE: Final = 0.1  # seconds
_STABLE: Final = 5.0  # seconds that a connection must last before the next failure counts as the first
_GOODBYE: Final = 2.0  # seconds for a clean disconnect


class Client:
    """MQTT client, used as a context manager: entering begins to connect, leaving says goodbye.

    What a broken connection left unanswered raises Lost and is never sent again unless the caller does.
    A handler that raises ends the context with that error. All calls come from the loop's thread.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        client_id: str,
        will: Will | Callable[[int], Will] | None = None,
        session_expiry: int = 0,
        receive_maximum: int = 1_000,
        clock: Clock | None = None,
        on_message: Handler | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`will`: always the same, or made of the number of the attempt: without an answer, too, it may stay.

        `session_expiry`: seconds for which the broker keeps our queue while we are away; 0: none.

        `receive_maximum`: unacknowledged messages held; at so many nothing more is read, answers to publishes
        neither, until half are acknowledged: acknowledge before you wait for anything else from this client.
        """
        self.connected = asyncio.Event()
        self.connection = 0  # number of this connection, 1, 2, 3 …; 0 before the first
        self.attempt = 0  # the same of attempts, of which some come to nothing: a will bears this one
        self.session_present = False  # whether the broker had kept our session
        self.reason = "not started"  # why there is no connection; empty while there is one
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._settings = settings
        self._client_id = client_id
        self._will = will
        self._session_expiry = session_expiry
        self._receive_maximum = receive_maximum
        self._clock = clock or System()
        self._jitter = jitter
        self._routes = Routes(on_message)
        self._callbacks: list[Callable[[], None]] = []
        self._current: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._owner: asyncio.Task[object] | None = None

    async def __aenter__(self) -> Self:
        self._password()  # a wrong setting is told now, not in the log
        self._owner = asyncio.current_task()
        self._task = asyncio.create_task(self._run(), name=f"mqtt {self._client_id}")
        self._task.add_done_callback(self._on_end)
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        failure = task.exception() if task.done() and not task.cancelled() else None
        if failure:
            if isinstance(error, asyncio.CancelledError) and self._owner:
                self._owner.uncancel()
            raise failure
        task.cancel()
        await asyncio.wait([task])
        await self._goodbye()
        self._drop("closed")

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None:
        """Hand messages to the handler on every connection; the first subscription that matches has them."""
        self._routes.add(topic_filter, handler, qos)
        if self._current and self.connected.is_set():
            self._current.subscribe([(topic_filter, qos)])

    def pause(self) -> None:
        """Read no more, answers to publishes neither; the broker keeps what comes.

        A connection that ends while paused is made anew at `resume`.
        """
        self._flowing.clear()
        if self._current:
            self._current.pause()

    def resume(self) -> None:
        """Read on, on a new connection where the broker gave up the old one."""
        self._flowing.set()
        if self._current:
            self._current.resume()

    def reconnect(self) -> None:
        """Leave, and connect anew: certificates and password are read again from their files."""
        if self._current and self.connected.is_set():
            self._current.disconnect()

    def on_connect(self, callback: Callable[[], None]) -> None:
        """Call on every connection, once its subscriptions hold."""
        self._callbacks.append(callback)

    async def wait_connected(self, timeout: float) -> None:  # noqa: ASYNC109 - the seam's signature
        """Return when there is a connection. Raises Lost after `timeout` seconds, saying why."""
        try:
            async with asyncio.timeout(timeout):
                await self.connected.wait()
        except TimeoutError:
            raise Lost(f"no connection to {self._where} within {timeout:g} s: {self.reason}") from None

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        properties: Iterable[tuple[str, str]] | Mapping[str, str] = (),
        content_type: str = "",
        expiry: int | None = None,
        ask: Ask | None = None,
    ) -> None:
        """Send; return after PUBACK (QoS 1) or hand-over (QoS 0). Messages leave in the order of the calls.

        While the window is full it waits. Raises Lost when there is no connection or it breaks before the
        answer, Denied when the broker refuses. MQTT 3.1.1 carries no properties, type, expiry (seconds), ask.
        """
        connection = self._current
        if connection is None or not self.connected.is_set():
            raise Lost(f"no connection to {self._where}: {self.reason}")
        packed = b""
        if self._settings.protocol == 5:
            pairs = properties.items() if isinstance(properties, Mapping) else properties
            packed = packets.properties(pairs, content_type, expiry, ask)
        await connection.publish(topic, payload, qos=qos, retain=retain, properties=packed)

    @property
    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._flowing.wait()
            began = self._clock.monotonic()
            reason = await self._live()
            if reason != self.reason:
                _log.warning("mqtt %s: %s: %s", self._client_id, self._where, logs.clean(reason))
            self._drop(reason)
            failures = 0 if self._clock.monotonic() - began >= _STABLE else failures + 1
            await asyncio.sleep(pause(failures, self._settings.longest_pause, self._jitter()))

    async def _live(self) -> str:
        """One connection from its begin to its end → why it ended."""
        try:
            async with asyncio.timeout(self._settings.patience):
                connection = self._current = self._new()
                await asyncio.get_running_loop().create_connection(
                    lambda: connection,
                    self._settings.host,
                    self._settings.port,
                    ssl=tls.context(self._settings),
                )
                await connection.accepted
                if self._routes.filters:
                    await connection.subscribe(self._routes.filters)
        except TimeoutError:
            return f"no answer within {self._settings.patience:g} s"
        except ssl.SSLError as error:
            return tls.reason(error)
        except OSError as error:
            return error.strerror or str(error)
        except (Failure, configuration.Wrong) as error:
            return str(error)
        self.connection += 1
        self.session_present = connection.session_present
        self.reason = ""
        self.connected.set()
        _log.info("mqtt %s: connected to %s (%d)", self._client_id, self._where, self.connection)
        for callback in self._callbacks:
            callback()
        if not self._flowing.is_set():  # paused by the first messages, before the connection stood
            connection.pause()
        await asyncio.wait([connection.lost])  # not awaited itself: a cancellation must not reach it
        return connection.lost.result()

    def _new(self) -> Connection:
        self.attempt += 1
        return Connection(
            self._settings,
            client_id=self._client_id,
            password=self._password(),
            will=self._will(self.attempt) if callable(self._will) else self._will,
            session_expiry=self._session_expiry,
            receive_maximum=self._receive_maximum,
            deliver=self._routes,
            clock=self._clock,
        )

    def _password(self) -> str:
        return configuration.secret("mqtt.password_file", self._settings.password_file)

    def _drop(self, reason: str) -> None:
        self.connected.clear()
        self.reason = reason
        connection, self._current = self._current, None
        if connection:
            connection.close(reason)

    async def _goodbye(self) -> None:
        if self._current and self.connected.is_set():
            self._current.disconnect()
            await asyncio.wait([self._current.lost], timeout=_GOODBYE)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        """The loop only ends by an error that is not the network's: wake the owner, who raises it."""
        if self._task is task and not task.cancelled() and self._owner and not self._owner.done():
            self._drop("failed")
            self._owner.cancel()


def pause(failures: int, longest: float, jitter: float) -> float:
    """Seconds before the next attempt: doubling up to `longest`, of which jitter (0 to 1) takes a share."""
    return min(longest, _FIRST_PAUSE * 2.0 ** min(failures, 20)) * jitter
