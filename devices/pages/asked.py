"""What of the fleet a page is asked for, as it stands in an address."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import Depends, Query

from devices.pages import plans
from devices.pages.board import Wanted
from devices.pages.standing import Standing


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """As it was asked; what is no kind or standing asks for nothing."""

    wanted: Wanted

    def __bool__(self) -> bool:
        return self.wanted != Wanted()

    def but(self, **changes: object) -> str:
        """The query of an address with this asked otherwise; None: not at all."""
        wanted = self.wanted
        said = {
            "q": wanted.part,
            "state": wanted.standing,
            "kind": wanted.kind,
            "site": wanted.site,
            "operator": wanted.operator,
        } | changes
        return urlencode({name: value for name, value in said.items() if value})


def _asked(
    q: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=16)] = "",
    kind: Annotated[str, Query(max_length=16)] = "",
    site: Annotated[str, Query(max_length=64)] = "",
    operator: Annotated[str, Query(max_length=60)] = "",
) -> Filter:
    return Filter(
        wanted=Wanted(
            part=q.strip(),
            standing=next((one for one in Standing if one == state), None),
            kind=next((one for one in plans.KINDS if one == kind), None),
            site=site.strip(),
            operator=operator.strip(),
        )
    )


Asked = Annotated[Filter, Depends(_asked)]
