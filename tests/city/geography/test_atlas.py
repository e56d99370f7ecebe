"""Sites: kept, changed by one at a time, found by where a point lies."""

import contextlib
import math
import threading
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.db import Database, check
from city.db.migrate import differences
from city.errors import Outdated
from city.geography import KOTA, Areas, Atlas, Boundaries, Site, Spot, geojson
from city.geography.errors import Fixed, Unknown
from city.geography.history import HISTORY
from city.geography.plane import Plane, distance
from contracts.errors import Refused
from runtime.clock import Fake

STADION = Site(id="stadion", title="Stadion Bima", longitude=108.5405, latitude=-6.7405)
SQUARE = ((108.535, -6.745), (108.545, -6.745), (108.545, -6.735), (108.535, -6.735), (108.535, -6.745))
INNER = ((108.539, -6.742), (108.542, -6.742), (108.542, -6.739), (108.539, -6.739), (108.539, -6.742))
BIMA = Site(
    id="bima",
    title="Kawasan Bima",
    longitude=108.54,
    latitude=-6.74,
    polygon=(SQUARE,),
    kelurahan="3274051002",
    labels={"kind": "area"},
)


def put(atlas: Atlas, site: Site, seen: int | None = None) -> Site:
    with atlas._db.begin() as tx:
        return atlas.put(tx, site, seen=seen)


def test_migrations_make_what_the_code_declares(db: Database) -> None:
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []


def test_a_new_city_is_one_site(atlas: Atlas) -> None:
    (kota,) = atlas.sites()
    assert (kota.id, kota.title) == (KOTA, "Kota Cirebon")
    assert atlas.at(108.54, -6.74) == Spot(site=KOTA, sites=(), kelurahan="", kecamatan="")
    assert atlas.near(108.54, -6.74, within=50_000) == []


def test_a_site_is_kept_as_it_was_given(atlas: Atlas, clock: Fake) -> None:
    kept = put(atlas, BIMA, seen=0)
    assert kept == msgspec.structs.replace(BIMA, kelurahan="32.74.05.1002", revision=1, changed=clock.now())
    assert atlas.site("bima") == kept
    clock.advance(1)
    again = put(atlas, msgspec.structs.replace(kept, title=" Bima "), seen=1)
    assert (again.title, again.revision, again.changed) == ("Bima", 2, clock.now())
    assert [site.id for site in atlas.sites()] == ["bima", KOTA]
    with atlas._db.begin() as tx:
        assert atlas.remove(tx, "bima", seen=2) == again
    with pytest.raises(Unknown):
        atlas.site("bima")


def test_another_process_sees_the_change(atlas: Atlas, db: Database, clock: Fake, areas: Areas) -> None:
    other = Atlas(db, clock, areas, Boundaries(areas))
    before = other.mark()
    assert len(other.sites()) == 1
    put(atlas, BIMA)
    assert other.mark() > before
    assert other.at(108.54, -6.74).site == "bima"


def test_a_point_belongs_to_the_smallest_site_around_it(atlas: Atlas) -> None:
    put(atlas, BIMA)
    put(atlas, msgspec.structs.replace(STADION, polygon=(INNER,)))
    put(atlas, Site(id="pos", title="Pos", longitude=108.5401, latitude=-6.7401))  # a point holds nothing
    spot = atlas.at(108.5401, -6.7401)
    assert spot == Spot(
        site="stadion", sites=("stadion", "bima"), kelurahan="32.74.05.1002", kecamatan="32.74.05"
    )
    assert atlas.at(108.536, -6.744).site == "bima"
    assert atlas.at(108.56, -6.70).site == KOTA


def test_the_boundaries_say_more_than_a_site(db: Database, clock: Fake, areas: Areas) -> None:
    atlas = Atlas(db, clock, areas, Boundaries(areas, {"32.74.05.1004": ((SQUARE,),)}))
    assert put(atlas, STADION).kelurahan == "32.74.05.1004"
    put(atlas, BIMA)
    assert atlas.at(108.54, -6.74).kelurahan == "32.74.05.1004"


def test_the_nearest_come_first(atlas: Atlas) -> None:
    put(atlas, BIMA)
    for number in range(5):
        put(atlas, Site(id=f"s{number}", title="S", longitude=108.56 + number / 1_000, latitude=-6.74))
    near = atlas.near(108.56, -6.74, within=2_000)
    assert [one.site.id for one in near] == ["s0", "s1", "s2", "s3", "s4", "bima"]
    assert near[0].metres == 0
    assert near[1].metres == pytest.approx(110.5, abs=0.5)
    assert near[-1].metres == pytest.approx(distance((108.56, -6.74), (108.545, -6.74)), rel=1e-3)
    assert [one.site.id for one in atlas.near(108.56, -6.74, within=250)] == ["s0", "s1", "s2"]
    assert [one.site.id for one in atlas.near(108.56, -6.74, limit=1)] == ["s0"]
    assert [one.site.id for one in atlas.near(108.56, -6.74, labels={"kind": "area"})] == ["bima"]
    assert atlas.near(108.54, -6.74)[0].metres == 0  # within its polygon


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"id": "Bima"}, "id"),
    ({"id": ""}, "id"),
    ({"title": "  "}, "title"),
    ({"title": "x\ny"}, "title"),
    ({"title": "x" * 121}, "title"),
    ({"longitude": -6.74, "latitude": 108.54}, "position"),
    ({"longitude": 106.8, "latitude": -6.2}, "position"),
    ({"longitude": math.nan}, "position"),
    ({"longitude": 108.56}, "position"),
    ({"polygon": (SQUARE[:-1],)}, "polygon"),
    ({"polygon": (SQUARE, SQUARE)}, "polygon"),
    ({"kelurahan": "32.74.05.9999"}, "kelurahan"),
    ({"kelurahan": "32.74.05"}, "kelurahan"),
    ({"labels": {"": "x"}}, "labels"),
    ({"labels": {f"k{number}": "x" for number in range(21)}}, "labels"),
]


def test_sites_that_are_refused(atlas: Atlas) -> None:
    for changes, field in REFUSED:
        with pytest.raises(Refused) as refused:
            put(atlas, msgspec.structs.replace(BIMA, **changes))
        assert refused.value.field == field, changes
    assert len(atlas.sites()) == 1


def test_the_city_stays(atlas: Atlas) -> None:
    with atlas._db.begin() as tx, pytest.raises(Fixed):
        atlas.remove(tx, KOTA)
    changed = put(atlas, msgspec.structs.replace(atlas.site(KOTA), title="Cirebon"), seen=0)
    assert atlas.site(KOTA) == changed
    with atlas._db.begin() as tx, pytest.raises(Unknown):
        atlas.remove(tx, "nothing")


def test_a_change_on_top_of_another_is_refused(atlas: Atlas) -> None:
    put(atlas, BIMA, seen=0)
    for seen in (0, 2):
        with pytest.raises(Outdated):
            put(atlas, BIMA, seen=seen)
    with atlas._db.begin() as tx, pytest.raises(Outdated):
        atlas.remove(tx, "bima", seen=2)


@pytest.mark.parametrize("seen", [0, 1])
def test_of_many_at_once_one_wins(atlas: Atlas, seen: int) -> None:
    if seen:
        put(atlas, BIMA)
    outcomes = _at_once(lambda: put(atlas, BIMA, seen=seen), 16)
    assert outcomes.count("") == 1
    assert outcomes.count("Outdated") == 15
    assert atlas.site("bima").revision == seen + 1


def _at_once(act: Callable[[], object], count: int) -> list[str]:
    ready = threading.Barrier(count)
    outcomes: list[str] = []

    def run() -> None:
        ready.wait()
        try:
            act()
            outcomes.append("")
        except Exception as error:  # noqa: BLE001 - counted by the test
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_geojson_goes_out_and_comes_in(atlas: Atlas) -> None:
    for site in (BIMA, STADION, msgspec.structs.replace(BIMA, id="ring", polygon=(SQUARE, INNER[::-1]))):
        kept = msgspec.structs.replace(site, revision=3, changed=7)
        plain = msgspec.json.decode(msgspec.json.encode(geojson.feature(kept)))
        assert geojson.site(plain) == site
    assert geojson.feature(BIMA)["geometry"]["type"] == "Polygon"
    assert geojson.feature(STADION)["geometry"] == {"type": "Point", "coordinates": (108.5405, -6.7405)}


def test_a_polygon_without_a_point_gets_one_inside() -> None:
    plain = msgspec.json.decode(msgspec.json.encode(geojson.feature(BIMA)))
    del plain["properties"]["longitude"]
    found = geojson.site(plain)
    assert 108.535 < found.longitude < 108.545
    assert -6.745 < found.latitude < -6.735


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Point"},
        {"properties": 7},
        {"geometry": None},
        {"geometry": {"type": "LineString", "coordinates": []}},
        {"geometry": {"type": "Point", "coordinates": [1]}},
        {"geometry": {"type": "Point", "coordinates": ["a", "b"]}},
        {"geometry": {"type": "Polygon", "coordinates": [[[0, 0]] * 5_001]}},
        {"id": 7},
        {"properties": {"labels": {"a": 1}}},
        {"properties": {"title": 1}},
    ],
)
def test_geojson_that_is_refused(change: dict[str, object]) -> None:
    plain = msgspec.json.decode(msgspec.json.encode(geojson.feature(STADION)))
    with pytest.raises(Refused):
        geojson.site(plain | change)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["type", "geometry", "coordinates", "properties", "id"]), inner)
        ),
    )
)
def test_any_json_is_refused_or_a_site(value: object) -> None:
    with contextlib.suppress(Refused):
        geojson.site(value)


CITY = st.tuples(st.floats(108.4, 108.7), st.floats(-6.85, -6.6))


@given(CITY, CITY)
def test_metres_are_those_of_the_ellipsoid(a: tuple[float, float], b: tuple[float, float]) -> None:
    exact = vincenty(a, b)
    assert distance(a, b) == pytest.approx(exact, rel=1e-5, abs=0.01)
    assert math.hypot(*Plane(*a).lay(*b)) == pytest.approx(exact, rel=1e-3, abs=0.01)


def vincenty(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Length of the geodesic by Vincenty's inverse formula: slow, and exact to a millimetre."""
    major, flat = 6_378_137.0, 1 / 298.257223563
    minor = major * (1 - flat)
    u1, u2 = (math.atan((1 - flat) * math.tan(math.radians(point[1]))) for point in (a, b))
    sigma = alpha = squared = middle = sine = cosine = 0.0
    apart = turn = math.radians(b[0] - a[0])
    for _ in range(100):
        x = math.cos(u2) * math.sin(turn)
        y = math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(turn)
        sine = math.hypot(x, y)
        if sine == 0:
            return 0.0
        cosine = math.sin(u1) * math.sin(u2) + math.cos(u1) * math.cos(u2) * math.cos(turn)
        sigma = math.atan2(sine, cosine)
        alpha = math.cos(u1) * math.cos(u2) * math.sin(turn) / sine
        squared = 1 - alpha**2
        middle = cosine - 2 * math.sin(u1) * math.sin(u2) / squared if squared else 0.0
        c = flat / 16 * squared * (4 + flat * (4 - 3 * squared))
        inner = middle + c * cosine * (2 * middle**2 - 1)
        before, turn = turn, apart + (1 - c) * flat * alpha * (sigma + c * sine * inner)
        if abs(turn - before) < 1e-13:
            break
    k = squared * (major**2 - minor**2) / minor**2
    big = 1 + k / 16384 * (4096 + k * (-768 + k * (320 - 175 * k)))
    small = k / 1024 * (256 + k * (-128 + k * (74 - 47 * k)))
    last = middle * (4 * sine**2 - 3) * (4 * middle**2 - 3)
    more = small * sine * (middle + small / 4 * (cosine * (2 * middle**2 - 1) - small / 6 * last))
    return minor * big * (sigma - more)
