from pathlib import Path

import msgspec
import pytest

from runtime import settings


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: int = 1883
    password_file: Path | None = None


class All(msgspec.Struct, frozen=True, kw_only=True):
    site: str
    broker: Broker = Broker()
    owner: Broker | None = None
    names: tuple[str, ...] = ()
    limits: dict[str, float] = {}
    debug: bool = False


def load(tmp_path: Path, text: str, **env: str) -> All:
    path = tmp_path / "imm.toml"
    path.write_text(text)
    return settings.load(All, path, env=env)


def test_file_then_environment(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        'site = "bima"\n[broker]\nhost = "a"\nport = 1\npassword_file = "/p"\n',
        IMM_BROKER__PORT="2",
        IMM_NAMES='["x", "y"]',
        IMM_LIMITS__CPU="0.5",
        IMM_DEBUG="true",
        IMM_OWNER__HOST="b",
        IMM_CONFIG="not a setting of the record",
        IMM_TEST_INFLUX_URL="nor this",
        HOME="/",
    )
    assert found == All(
        site="bima",
        broker=Broker(host="a", port=2, password_file=Path("/p")),
        owner=Broker(host="b"),
        names=("x", "y"),
        limits={"cpu": 0.5},
        debug=True,
    )


def test_text_that_looks_like_a_number_stays_text(tmp_path: Path) -> None:
    assert load(tmp_path, "", IMM_SITE="007").site == "007"


def test_no_file_is_needed() -> None:
    assert settings.load(All, None, env={"IMM_SITE": "bima"}).site == "bima"


@pytest.mark.parametrize(
    "text, env, setting, value, says",
    [
        ('site = "b"\n[broker]\nprot = 1', {}, "broker.prot", "1", "nearest: port"),
        ('site = "b"\n[broker]\nport = "x"', {}, "broker.port", "x", "Expected `int`"),
        ('site = "b"\n[broker]\nport = "1"', {}, "broker.port", "1", "Expected `int`"),
        ('site = "b"', {"IMM_BROKER__PORT": "x"}, "broker.port", "x", "Expected `int`"),
        ('site = "b"', {"IMM_BROKR__PORT": "1"}, "brokr", "1", "nearest: broker"),
        ('site = "b"\nbroker = 3', {}, "broker", "3", "Expected `object`"),
        ("", {}, "site", "(nothing)", "missing"),
        ("site = ", {}, "file", "imm.toml", "is not TOML"),
    ],
)
def test_wrong_setting_is_named_with_value_reason_and_cure(
    tmp_path: Path, text: str, env: dict[str, str], setting: str, value: str, says: str
) -> None:
    with pytest.raises(settings.Wrong) as caught:
        load(tmp_path, text, **env)
    assert caught.value.setting == setting
    assert value in caught.value.value
    assert says in caught.value.reason
    assert caught.value.cure


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(settings.Wrong, match="No such file"):
        settings.load(All, tmp_path / "none.toml", env={})


def test_secret_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    assert settings.secret("broker.password_file", file) == "s3cret"
    assert settings.secret("broker.password_file", None) == ""


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_secret_that_is_not_there_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    with pytest.raises(settings.Wrong, match=r"broker\.password_file"):
        settings.secret("broker.password_file", file)


def test_error_hides_a_secret() -> None:
    assert "s3cret" not in str(settings.Wrong("broker.password", "s3cret", "no", "remove it"))
