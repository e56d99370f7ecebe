"""Sites and areas are found by their names."""

from collections.abc import Iterator

import pytest

from city.db import Database
from city.geography import Areas, Atlas, Boundaries, Site
from city.geography.findable import sources
from city.geography.history import HISTORY
from city.search import PUBLIC, Finder, Index, Query, engine
from city.search.history import HISTORY as SEARCH
from city.search.rebuild import rebuild
from runtime.clock import Fake
from tests.fixtures.tables import ready


@pytest.fixture
def both(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [SEARCH, HISTORY])
    yield database
    database.close()


def test_a_site_is_found_as_long_as_it_is_there(both: Database, clock: Fake, areas: Areas) -> None:
    index = Index(engine(lite=both.lite))
    finder = Finder(both, index)
    atlas = Atlas(both, clock, areas, Boundaries(areas), index)
    stadion = Site(
        id="stadion", title="Stadion Bima", longitude=108.54, latitude=-6.74, kelurahan="32.74.05.1002"
    )

    def ids(text: str) -> list[str]:
        return [hit.id for hit in finder.find(Query(text=text), sight=PUBLIC).hits]

    with both.begin() as tx:
        atlas.put(tx, stadion)
    assert ids("bima") == ids("stadion sunyaragi") == ["stadion"]
    assert rebuild(both, index, sources(areas)) == {"site": 1, "area": 27}
    assert ids("sunyaragi")[0] == "32.74.05.1002"
    assert set(ids("sunyaragi")) == {"32.74.05.1002", "stadion"}
    assert ids("kelurahan pekiringan ")[0] == "32.74.05.1001"
    assert len(ids("kesambi")) == 7  # with its five kelurahan and the site
    with both.begin() as tx:
        atlas.remove(tx, "stadion")
    assert ids("bima") == []
