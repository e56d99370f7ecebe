"""Two distributions share the folders between them, and the edge's works with nothing of the platform's."""

import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def edge_wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _wheel(root / "packaging/imm-edge", tmp_path_factory.mktemp("edge"))


@pytest.fixture(scope="session")
def platform_wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _wheel(root, tmp_path_factory.mktemp("platform"))


def _wheel(source: Path, target: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


def _names(wheel: Path) -> list[str]:
    """The paths inside a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def _tops(wheel: Path) -> set[str]:
    return {name.split("/")[0] for name in _names(wheel) if ".dist-info" not in name}


def test_the_edge_holds_its_layers_and_no_others(edge_wheel: Path, edge_folders: Sequence[str]) -> None:
    assert _tops(edge_wheel) == set(edge_folders)


def test_the_platform_holds_the_rest(
    platform_wheel: Path, folders: Sequence[str], edge_folders: Sequence[str]
) -> None:
    assert _tops(platform_wheel) == set(folders) - set(edge_folders)


def test_every_module_is_in_a_wheel(
    edge_wheel: Path, platform_wheel: Path, sources: Sequence[Path], folders: Sequence[str]
) -> None:
    ours = {str(path) for path in sources if path.parts[0] in folders and "frontend" not in path.parts}
    assert ours <= {*_names(edge_wheel), *_names(platform_wheel)}


@pytest.mark.parametrize("wheel", ["edge_wheel", "platform_wheel"])
def test_a_wheel_carries_its_licence_and_no_litter(wheel: str, request: pytest.FixtureRequest) -> None:
    held = _names(request.getfixturevalue(wheel))
    assert {name.rsplit("/", 1)[-1] for name in held if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    litter = ("__pycache__", "node_modules", "frontend/", "tests/")
    assert not [name for name in held if any(word in name for word in litter)]


def test_the_edge_imports_from_its_wheel_alone(
    edge_wheel: Path, edge_folders: Sequence[str], tmp_path: Path
) -> None:
    with zipfile.ZipFile(edge_wheel) as archive:
        archive.extractall(tmp_path)
    modules = [
        ".".join(path.relative_to(tmp_path).with_suffix("").parts).removesuffix(".__init__")
        for folder in edge_folders
        for path in sorted((tmp_path / folder).rglob("*.py"))
        if path.stem != "__main__"
    ]
    # -S leaves .pth files unread: the checkout is not on the path, only the wheel and the libraries are.
    paths = [str(tmp_path), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    code = (
        f"import sys, importlib; sys.path[:0] = {paths!r}; [importlib.import_module(m) for m in {modules!r}]"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
