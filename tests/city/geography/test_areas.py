"""Areas and their boundaries: read from files that are checked before they are believed."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from city.geography import Areas, Boundaries
from city.geography.areas import Level
from city.geography.errors import BadFile, Unknown

# Two squares of about 1.1 km side by side in the city, and one that reaches into the first.
LEFT: list[Any] = [[108.54, -6.74], [108.55, -6.74], [108.55, -6.73], [108.54, -6.73], [108.54, -6.74]]
RIGHT: list[Any] = [[108.55, -6.74], [108.56, -6.74], [108.56, -6.73], [108.55, -6.73], [108.55, -6.74]]
ACROSS: list[Any] = [[108.549, -6.74], [108.56, -6.74], [108.56, -6.73], [108.549, -6.73], [108.549, -6.74]]
HOLE = [[108.543, -6.737], [108.543, -6.733], [108.547, -6.733], [108.547, -6.737], [108.543, -6.737]]
SUNYARAGI, DRAJAT, KESAMBI = "32.74.05.1002", "32.74.05.1004", "32.74.05"


def feature(
    code: object, *rings: list[list[float]], kind: str = "Polygon", key: str = "kode"
) -> dict[str, Any]:
    coordinates: Any = list(rings) if kind == "Polygon" else [[ring] for ring in rings]
    return {
        "type": "Feature",
        "properties": {key: code},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def written(folder: Path, *features: object) -> Path:
    path = folder / "batas.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_the_city_has_its_areas(areas: Areas) -> None:
    assert areas.city.code == "32.74"
    assert [area.name for area in areas.list(level=Level.KECAMATAN)] == [
        "Kejaksan",
        "Lemahwungkuk",
        "Harjamukti",
        "Pekalipan",
        "Kesambi",
    ]
    assert [len(areas.list(parent=f"32.74.0{number}")) for number in range(1, 6)] == [4, 4, 5, 4, 5]
    assert len(areas.list(level=Level.KELURAHAN)) == 22


def test_a_code_is_known_with_and_without_points(areas: Areas) -> None:
    assert areas.get("32.74.05.1002").name == areas.get("3274051002").name == "Sunyaragi"
    assert areas.get(SUNYARAGI).parent == KESAMBI
    for code in ("32.74.05.9999", "", "32.74", "3274"):
        with pytest.raises(Unknown):
            areas.get(code)


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "city"),
        ("[city", "TOML|Expected|Invalid"),
        ('area = [{ code = "32.74.1", name = "x" }]', "32.74.05"),
        ('area = [{ code = "32.74.01.1001", name = "x" }]', "belongs to"),
        ('area = [{ code = "32.74.01", name = "x" }, { code = "32.74.01", name = "y" }]', "twice"),
    ],
)
def test_a_file_of_areas_that_cannot_be_used(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "areas.toml"
    city = '[city]\ncode = "32.74"\nname = "Kota"\nlongitude = 108.5\nlatitude = -6.7\nreach = 9.0\n'
    path.write_text(f"{text}\n{city}" if text.startswith("area") else text)
    with pytest.raises(BadFile, match=reason):
        Areas.load(path)
    with pytest.raises(BadFile, match="No such file"):
        Areas.load(tmp_path / "nothing.toml")


def test_a_point_belongs_to_the_area_that_holds_it(areas: Areas, tmp_path: Path) -> None:
    path = written(tmp_path, feature("3274051002", LEFT, HOLE), feature(DRAJAT, RIGHT))
    boundaries = Boundaries.load(path, areas)
    assert boundaries.kelurahan((108.541, -6.735)) == SUNYARAGI
    assert boundaries.kelurahan((108.555, -6.735)) == DRAJAT
    assert boundaries.kelurahan((108.545, -6.735)) == ""  # in the hole
    assert boundaries.kelurahan((108.55, -6.735)) == SUNYARAGI  # on the line: one of them, always the same
    assert boundaries.kelurahan((108.57, -6.735)) == ""
    assert boundaries.kecamatan((108.555, -6.735)) == KESAMBI


def test_a_district_may_have_an_outline_of_its_own(areas: Areas, tmp_path: Path) -> None:
    path = written(tmp_path, feature(KESAMBI, LEFT, RIGHT, kind="MultiPolygon"))
    with pytest.raises(BadFile, match="overlap"):  # they share an edge
        Boundaries.load(path, areas)
    boundaries = Boundaries.load(written(tmp_path, feature(KESAMBI, LEFT)), areas)
    assert boundaries.kelurahan((108.545, -6.735)) == ""
    assert boundaries.kecamatan((108.545, -6.735)) == KESAMBI


def test_rings_are_turned_by_the_right_hand_rule(areas: Areas, tmp_path: Path) -> None:
    boundaries = Boundaries.load(written(tmp_path, feature(SUNYARAGI, LEFT[::-1], HOLE[::-1])), areas)
    outer, hole = boundaries.outlines[SUNYARAGI][0]
    assert _turn(outer) > 0 > _turn(hole)


def test_what_is_odd_is_told(areas: Areas, tmp_path: Path) -> None:
    assert list(Boundaries.load(None, areas).findings()) == []
    told = list(
        Boundaries.load(
            written(tmp_path, feature(SUNYARAGI, LEFT), feature(DRAJAT, ACROSS)), areas
        ).findings()
    )
    assert "no boundary of Kejaksan, Sukapura" in told[0]
    assert "Drajat" not in told[0]
    assert told[1] == "Sunyaragi and Drajat overlap by 12.2 ha"
    fine = Boundaries.load(written(tmp_path, feature(SUNYARAGI, LEFT), feature(DRAJAT, RIGHT)), areas)
    assert len(list(fine.findings())) == 1


WORDS: list[Any] = [["108.54", y] for _, y in LEFT]
BOWTIE = [[108.54, -6.74], [108.55, -6.73], [108.55, -6.74], [108.54, -6.73], [108.54, -6.74]]


@pytest.mark.parametrize(
    "features, reason",
    [
        ([feature(SUNYARAGI, LEFT[:-1])], r"features\[0\].*ends where it began"),
        ([feature(SUNYARAGI, LEFT[:3])], "four positions"),
        ([feature(SUNYARAGI, BOWTIE)], "Self-intersection"),
        ([feature(SUNYARAGI, [[y, x] for x, y in LEFT])], "latitude within"),
        ([feature(SUNYARAGI, [[x + 5, y] for x, y in LEFT])], "longitude comes first"),
        ([feature(SUNYARAGI, WORDS)], "two numbers"),
        ([feature(SUNYARAGI, [[True, y] for _, y in LEFT])], "two numbers"),
        ([feature(SUNYARAGI, [LEFT[0]] * 5)], "Too few"),
        ([feature("32.74.05.9999", LEFT)], "no area 32.74.05.9999"),
        ([feature(None, LEFT)], "no area"),
        ([feature(SUNYARAGI, LEFT), feature(SUNYARAGI, RIGHT)], r"features\[1\].*twice"),
        ([feature(SUNYARAGI)], "list of rings"),
        ([feature(SUNYARAGI, LEFT, key="code")], "no area"),
        ([{"type": "Feature", "properties": {"kode": SUNYARAGI}, "geometry": None}], "geometry"),
        ([{"type": "Feature", "properties": {"kode": SUNYARAGI}, "geometry": {"type": "Point"}}], "Polygon"),
        ([7], "Feature"),
    ],
)
def test_boundaries_that_cannot_be_used(
    areas: Areas, tmp_path: Path, features: list[Any], reason: str
) -> None:
    with pytest.raises(BadFile, match=reason):
        Boundaries.load(written(tmp_path, *features), areas)


@pytest.mark.parametrize("text", ["", "[", "[]", '{"type": "Feature"}', "[" * 100_000, "\xff"])
def test_files_that_are_no_boundaries(areas: Areas, tmp_path: Path, text: str) -> None:
    path = tmp_path / "batas.geojson"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadFile):
        Boundaries.load(path, areas)
    with pytest.raises(BadFile):
        Boundaries.load(tmp_path, areas)


def _turn(ring: tuple[tuple[float, float], ...]) -> float:
    """Twice the area, positive against the clock."""
    return sum(x * w - z * y for (x, y), (z, w) in itertools.pairwise(ring))
