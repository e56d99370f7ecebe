"""Where data lies follows from one setting."""

from pathlib import Path

from app.settings import Settings, resolve


def test_relative_paths_lie_under_data(tmp_path: Path) -> None:
    settings = resolve(Settings(data=tmp_path / "d"))
    assert settings.store.embedded.path == tmp_path / "d" / "imm.duckdb"
    assert settings.store.frames.path == tmp_path / "d" / "frames"
    assert settings.city.url == f"sqlite:///{tmp_path}/d/city.sqlite"
    assert settings.store.ledger.url == f"sqlite:///{tmp_path}/d/ledger.sqlite"
    assert (tmp_path / "d").is_dir()


def test_resolving_twice_changes_nothing(tmp_path: Path) -> None:
    once = resolve(Settings(data=tmp_path))
    assert resolve(once) == once


def test_other_databases_stay_where_they_are(tmp_path: Path) -> None:
    from city import db

    settings = Settings(data=tmp_path, city=db.Settings(url="postgresql+psycopg://imm@db/imm"))
    assert resolve(settings).city.url == "postgresql+psycopg://imm@db/imm"


def test_links_lead_to_the_port_of_the_api(tmp_path: Path) -> None:
    from app.settings import Api
    from city.identity.settings import Settings as Identity

    settings = resolve(Settings(data=tmp_path, api=Api(port=9_000)))
    assert settings.identity.address == "http://localhost:9000"
    assert resolve(settings) == settings
    behind = Identity(address="https://imm.cirebonkota.go.id")
    assert resolve(Settings(data=tmp_path, identity=behind)).identity == behind
