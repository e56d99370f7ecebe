"""Tables and single values of one SNMP agent, by pysnmp: bounded, and without the library's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Oid = tuple[int, ...]
_ROWS: Final = 512  # rows of one table that are read
_AT_ONCE: Final = 12  # rows asked for at once
_PART: Final = 2.0  # seconds until a datagram is sent again
_AUTHS: Final = {
    "sha": "USM_AUTH_HMAC96_SHA",
    "sha256": "USM_AUTH_HMAC192_SHA256",
    "sha512": "USM_AUTH_HMAC384_SHA512",
}


class Agent:
    """One device that answers SNMP. Raises OSError for whatever goes wrong."""

    def __init__(self, host: str, port: int, access: Any) -> None:
        self._host = host
        self._port = port
        self._access = access
        self._engine: Any = None
        self._target: Any = None

    async def values(self, oids: Iterable[Oid]) -> dict[Oid, Any]:
        """Single values; what the agent does not have is left out."""
        found = await self._ask(list(oids), repetitions=0)
        return {oid: value for oid, value in found if _there(value)}

    async def table(self, columns: Mapping[str, Oid]) -> dict[Oid, dict[str, Any]]:
        """Rows by their index, each with the columns that it has."""
        rows: dict[Oid, dict[str, Any]] = {}
        cursors = dict(columns)
        while cursors:
            names = list(cursors)
            found = await self._ask([cursors[name] for name in names], repetitions=_AT_ONCE)
            going: dict[str, Oid] = {}
            ended: set[str] = set()
            for number, (oid, value) in enumerate(found):
                name = names[number % len(names)]
                root = columns[name]
                if name in ended or oid[: len(root)] != root or not _there(value):
                    ended.add(name)
                    going.pop(name, None)
                    continue
                if oid <= cursors[name]:
                    raise OSError("the agent's table goes round in a circle")
                going[name] = cursors[name] = oid
                rows.setdefault(oid[len(root) :], {})[name] = value
                if len(rows) > _ROWS:
                    raise OSError(f"a table of more than {_ROWS} rows")
            cursors = going
        return rows

    def close(self) -> None:
        """Let go of the socket; the next question opens another."""
        if self._engine is not None:
            self._engine.close_dispatcher()
        self._engine = self._target = None

    async def _ask(self, oids: list[Oid], *, repetitions: int) -> list[tuple[Oid, Any]]:
        from pysnmp.error import PySnmpError
        from pysnmp.hlapi.v3arch import asyncio as snmp

        what = [snmp.ObjectType(snmp.ObjectIdentity(oid)) for oid in oids]
        try:
            if self._engine is None:
                self._engine = snmp.SnmpEngine()
                address = (self._host, self._port)
                self._target = await snmp.UdpTransportTarget.create(address, timeout=_PART, retries=1)
            with_whom = (self._engine, self._access, self._target, snmp.ContextData())
            if repetitions:
                answer = await snmp.bulk_cmd(*with_whom, 0, repetitions, *what, lookupMib=False)
            else:
                answer = await snmp.get_cmd(*with_whom, *what, lookupMib=False)
        except PySnmpError as error:
            self.close()
            raise OSError(f"SNMP: {type(error).__name__}") from None
        except BaseException:  # also a cancel: an answer that comes later would be taken for the next one's
            self.close()
            raise
        trouble, status, _, found = answer
        if trouble is not None:
            self.close()
            raise OSError(f"SNMP: {trouble}")
        if int(status):
            raise OSError(f"SNMP: error {int(status)}")
        return [(tuple(oid), value) for oid, value in found]


def community(text: str) -> Any:
    """Access of version 2c."""
    from pysnmp.hlapi.v3arch.asyncio import CommunityData

    return CommunityData(text, mpModel=1)  # noqa: S508 - what many devices offer; 3 is the default


def user(name: str, auth: str, auth_key: str, privacy_key: str) -> Any:
    """Access of version 3, signed as `auth` says and encrypted by AES-128."""
    from pysnmp.hlapi.v3arch import asyncio as snmp

    return snmp.UsmUserData(
        name,
        auth_key,
        privacy_key,
        authProtocol=getattr(snmp, _AUTHS[auth]),
        privProtocol=snmp.USM_PRIV_CFB128_AES,
    )


def number(value: Any) -> int | None:
    """A value as a number, or None where it is none."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def text(value: Any) -> str:
    """A value as text; a device may send any bytes."""
    try:
        return bytes(value).decode("utf-8", "replace")
    except (TypeError, ValueError):
        return ""


def _there(value: Any) -> bool:
    return type(value).__name__ not in {"NoSuchObject", "NoSuchInstance", "EndOfMibView", "Null"}
