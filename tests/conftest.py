"""What every test shares: which tests run here; a test that should run is never skipped."""

import logging
import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest
from _pytest.reports import CollectReport, TestReport
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

pytest_plugins = [
    "tests.fixtures.brokers",
    "tests.fixtures.influx",
    "tests.fixtures.postgres",
    "tests.fixtures.snmp",
    "tests.fixtures.stacks",
    "tests.fixtures.web",
]

hypothesis.register_profile(  # a busy machine is no failure
    "imm", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis.load_profile("imm")

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="run kill series, soaks and full-size benchmarks too"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what needs assets that are not here, and what only `make long` runs."""
    chosen: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        wanted = _wanted(item, long=config.getoption("--long"))
        (chosen if wanted else left_out).append(item)
    items[:] = chosen
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def _wanted(item: pytest.Item, *, long: bool) -> bool:
    if item.get_closest_marker("assets") and not os.environ.get("IMM_TEST_ASSETS"):
        return False
    return long or not item.get_closest_marker("long")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, TestReport, TestReport]:
    """A skip fails: what cannot run here carries a marker, what an engine cannot is a capability."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, CollectReport, CollectReport]:
    """A module that skips itself fails likewise."""
    report = yield
    if report.skipped:
        _fail(report)
    return report


def _fail(report: TestReport | CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{reason}\nA skip counts as a failure here: declare a marker or a capability instead."


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """Give the next test the root logger as it was: a desk sets its level, a command its handlers."""
    root = logging.getLogger()
    level, handlers, disabled = root.level, root.handlers[:], root.manager.disable
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.disable(disabled)
    logging.captureWarnings(capture=False)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def folders(root: Path) -> Sequence[str]:
    """The names of the Python packages at the root."""
    return sorted(path.parent.name for path in root.glob("*/__init__.py"))
