"""Ingest end to end: durable, numbered, receipted; beside a bare subscriber and what a user would write.

Broker, load and worker are processes of their own, all on this machine: they share its cores.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from benchmarks.ingest_load import RECORDS

QUIET: Final = 0.1  # share of the full rate at which receipts are timed
_LIMIT_PER_S: Final = 5_000  # messages that the bare subscriber gets for each second of the load
_PEER_PER_S: Final = 100  # and the peer
Say = Callable[[str], None]
Figures = dict[str, float]
Engine = Literal["embedded", "influx"]
Broker = Callable[[Path], contextlib.AbstractContextManager[int]]  # fresh, its files there; its MQTT 5 port


class Influx(msgspec.Struct, frozen=True, kw_only=True):
    """A server whose v2 write API answers, and a bucket that is ours."""

    url: str
    bucket: str
    token_file: Path
    org: str = "imm"


def run(
    engine: Engine,
    *,
    broker: Broker,
    seconds: float = 20.0,
    influx: Influx | None = None,
    folder: Path | None = None,
    say: Say = lambda _: None,
) -> Figures:
    """Flat figures of one engine. The engine `influx` and the peer need a server; without, no peer."""
    with tempfile.TemporaryDirectory(prefix="imm-bench-ingest-", dir=folder) as place:
        root = Path(place)
        say("bare subscriber")
        figures = {"limit_records_per_s": _limit(root / "limit", broker, round(_LIMIT_PER_S * seconds))}
        say(f"{engine}: full load for {seconds:g} s")
        full, used = _ours(root / "full", engine, influx, broker, ["--seconds", str(seconds)])
        rate = full["records_per_s"]
        figures |= {
            "records_per_s": rate,
            "ratio": rate / figures["limit_records_per_s"],
            "receipt_ms_p99_full": full["receipt_ms_p99"],
            "unreceipted": full["sent"] - full["receipted"],
            "records_per_write": used["stored"] / max(used["writes"], 1.0),
            "cpu_s_per_million": used["cpu_s"] / used["stored"] * 1e6,
            "rss_mb": used["rss_mb"],
        }
        say(f"{engine}: a tenth of it")
        pace = ["--seconds", str(seconds), "--rate", str(rate / RECORDS * QUIET)]
        quiet, used = _ours(root / "quiet", engine, influx, broker, pace)
        figures |= {
            "receipt_ms_p50": quiet["receipt_ms_p50"],
            "receipt_ms_p99": quiet["receipt_ms_p99"],
            "quiet_records_per_s": quiet["records_per_s"],
            "quiet_cpu_s_per_million": used["cpu_s"] / used["stored"] * 1e6,
        }
        if influx is not None:
            say("peer: paho's callback and a Point a record")
            figures["peer_records_per_s"] = _peer(root / "peer", broker, influx, round(_PEER_PER_S * seconds))
            figures["peer_ratio"] = rate / figures["peer_records_per_s"]
        return figures


def _limit(folder: Path, broker: Broker, messages: int) -> float:
    with _fresh(folder, broker) as port:
        command = ["benchmarks.ingest_limit", str(port), str(messages)]
        with _process(command) as subscriber:
            _expect(subscriber, "ready")
            _load(port, ["--messages", str(messages), "--bare", "--paced"])
            return float(_line(subscriber)) * RECORDS


def _ours(
    folder: Path, engine: Engine, influx: Influx | None, broker: Broker, load: list[str]
) -> tuple[Figures, Figures]:
    """What the load saw, and what the worker used."""
    command = ["benchmarks.ingest_worker", "", str(folder / "store"), "--engine", engine]
    if engine == "influx":
        if influx is None:
            raise ValueError("the InfluxDB engine needs a server")
        command += ["--url", influx.url, "--bucket", influx.bucket, "--org", influx.org]
        command += ["--token-file", str(influx.token_file)]
    with _fresh(folder, broker) as port:
        command[1] = str(port)
        with _process(command) as worker:
            _expect(worker, "ready")
            seen = _load(port, load)
            worker.send_signal(signal.SIGTERM)
            return seen, json.loads(_line(worker))


def _peer(folder: Path, broker: Broker, influx: Influx, messages: int) -> float:
    with _fresh(folder, broker) as port:
        command = ["benchmarks.ingest_peer", str(port), str(messages)]
        command += [influx.url, influx.bucket, str(influx.token_file)]
        with _process(command) as peer:
            _expect(peer, "ready")
            _load(port, ["--messages", str(messages), "--bare"])
            return float(_line(peer))


@contextlib.contextmanager
def _fresh(folder: Path, broker: Broker) -> Iterator[int]:
    folder.mkdir(parents=True)
    with broker(folder / "broker") as port:
        yield port


@contextlib.contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A module of this folder as a process; killed if it has not ended by itself."""
    process = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _load(port: int, options: list[str]) -> Figures:
    command = [sys.executable, "-m", "benchmarks.ingest_load", str(port), *options]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=600)
    figures: Figures = json.loads(done.stdout)
    return figures


def _line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise ValueError("started without a pipe")
    line = process.stdout.readline().strip()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait()}")
    return line


def _expect(process: subprocess.Popen[str], word: str) -> None:
    if (line := _line(process)) != word:
        raise RuntimeError(f"{process.args!r} said {line!r} instead of {word!r}")
