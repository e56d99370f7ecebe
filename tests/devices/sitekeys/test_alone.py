"""Nobody holds keys and sketches: the process of the keys has neither ingest nor store, and looks for it."""

import subprocess
import sys

import pytest

from devices.sitekeys.alone import APART

CODE = "import {modules}; from devices.sitekeys import alone; alone.check(); print('alone')"


def _run(modules: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE.format(modules=modules)], capture_output=True, text=True, check=False
    )


def test_the_keys_process_loads_neither_ingest_nor_store() -> None:
    run = _run("app.cli, app.commands.run, app.processes.keys")
    assert run.stdout == "alone\n", run.stderr


@pytest.mark.parametrize("module", APART)
def test_a_process_that_has_them_is_refused(module: str) -> None:
    run = _run(module)
    assert run.returncode == 1
    assert module in run.stderr
    assert "NotAlone" in run.stderr
