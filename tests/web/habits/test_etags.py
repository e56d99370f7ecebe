"""Who changes a record says which state of it he has seen; of many at once, one wins."""

import pytest

from city import revisions
from city.errors import Outdated
from web import etags


def test_a_revision_is_a_strong_tag() -> None:
    assert etags.header(3) == {"ETag": '"3"'}


@pytest.mark.parametrize("seen, now, outdated", [(None, 5, False), (5, 5, False), (4, 5, True), (6, 5, True)])
def test_only_what_was_seen_may_be_changed(seen: int | None, now: int, outdated: bool) -> None:
    if not outdated:
        revisions.check("incident", "TGI-1", seen=seen, now=now)
        return
    with pytest.raises(Outdated, match="revision 5") as caught:
        revisions.check("incident", "TGI-1", seen=seen, now=now)
    assert etags.told(caught.value) == {"ETag": '"5"'}
