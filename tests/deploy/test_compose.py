"""docker-compose.yml follows the compose schema, and the habits that keep it safe."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings
from runtime import settings


@pytest.fixture(scope="module")
def compose(root: Path) -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load((root / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = compose["services"]
    return found


def _check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_follows_the_schema(root: Path) -> None:
    run = _check(root / "docker-compose.yml")
    assert run.returncode == 0, run.stdout


def test_the_schema_sees_a_mistake(root: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text((root / "docker-compose.yml").read_text().replace("restart: unless", "restarts: unless"))
    assert _check(wrong).returncode != 0


def test_every_part_of_the_platform_is_there(services: Mapping[str, Any]) -> None:
    engines = {"broker", "influxdb", "postgres", "grafana"}
    assert services.keys() == engines | {"reader", "migrate", "ingest", "analytics", "alerts", "desk", "api"}


def test_nothing_runs_as_root_or_gains_rights(services: Mapping[str, Mapping[str, Any]]) -> None:
    for name, service in services.items():
        assert service["user"].split(":")[0] not in {"", "0", "root"}, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_everything_is_asked_whether_it_lives(services: Mapping[str, Mapping[str, Any]]) -> None:
    once = {"migrate", "reader"}
    assert {name for name, service in services.items() if "test" not in service["healthcheck"]} == once


def test_ports_are_published_on_loopback_only(services: Mapping[str, Mapping[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert not [port for port in ports if not port.startswith("127.0.0.1:")]


def test_images_are_pinned(services: Mapping[str, Mapping[str, Any]]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"[a-z0-9/-]+:[0-9][0-9.]*", service["image"]), name


def test_secrets_come_from_files(
    compose: Mapping[str, Any], services: Mapping[str, Mapping[str, Any]]
) -> None:
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|TOKEN|SECRET", variable):
                assert str(value).startswith("/run/secrets/"), f"{name}: {variable}"
    assert all(secret["file"].startswith("./deploy/secrets/") for secret in compose["secrets"].values())


def test_files_that_it_names_are_in_the_repository(
    root: Path, compose: Mapping[str, Any], services: Mapping[str, Mapping[str, Any]]
) -> None:
    named = [config["file"] for config in compose["configs"].values()]
    for service in services.values():
        volumes = [volume.split(":")[0] for volume in service.get("volumes", [])]
        named += [volume for volume in volumes if volume.startswith("./")]
        if "build" in service:
            named.append(service["build"]["dockerfile"])
    assert not [name for name in named if not (root / name).exists()]


@pytest.mark.parametrize("name", ["migrate", "ingest", "analytics", "alerts", "desk", "api"])
def test_a_process_understands_its_settings(
    root: Path, compose: Mapping[str, Any], services: Mapping[str, Mapping[str, Any]], name: str
) -> None:
    service = services[name]
    file = root / compose["configs"]["settings"]["file"]
    loaded = settings.load(Settings, file, env=service["environment"])
    assert loaded.mqtt.host in services
    mounted = {config["target"] for config in service["configs"]}
    named = {loaded.roster, *loaded.analytics.rules, Path(service["environment"]["IMM_CONFIG"])}
    assert {str(path) for path in named} == mounted
    assert str(loaded.data) in {volume.split(":")[1] for volume in service["volumes"]}
    given = {f"/run/secrets/{secret}" for secret in service["secrets"]}
    needed = {
        str(loaded.city.password_file),
        *([str(loaded.mqtt.password_file)] if name != "migrate" else []),
    }
    assert needed <= given
    asked = re.search(r"127\.0\.0\.1:(\d+)", str(service["healthcheck"]))
    assert asked is None or int(asked[1]) == (loaded.api.port if name == "api" else loaded.monitor.port)
