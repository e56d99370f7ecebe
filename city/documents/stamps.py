"""Time stamps of an RFC 3161 service over HTTP."""

from __future__ import annotations

from typing import Any, Final

import httpx
from asn1crypto import tsp
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError

_LIMIT: Final = 15.0  # seconds
_LARGEST: Final = 100_000  # bytes of an answer
_ASKED: Final = "application/timestamp-query"
_ANSWERED: Final = "application/timestamp-reply"


class _Service(TimeStamper):
    def __init__(self, address: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # typed outside, not inside
        self._address = address

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        try:
            async with httpx.AsyncClient(timeout=_LIMIT) as client:
                answer = await client.post(
                    self._address, content=req.dump(), headers={"Content-Type": _ASKED, "Accept": _ANSWERED}
                )
        except httpx.HTTPError as error:
            raise TimestampRequestError(f"the time stamp's service does not answer: {error}") from error
        if answer.status_code != httpx.codes.OK or answer.headers.get("content-type") != _ANSWERED:
            raise TimestampRequestError(f"the time stamp's service answered {answer.status_code}")
        if len(answer.content) > _LARGEST:
            raise TimestampRequestError("the time stamp's service answered too much")
        return tsp.TimeStampResp.load(answer.content)


def stamper(address: str) -> Any:
    """Time stamps from this address."""
    return _Service(address)
