"""Runs of whole processes, measured; and the stub that they talk to."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.stub import COUNTS_PATH, Counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
_SHOWN_LINES = 20
_UNITS_PER_MB = 1e6 if sys.platform == "darwin" else 1e6 / 1024
"""`ru_maxrss` counts bytes on macOS, KiB elsewhere."""


class BenchError(Exception):
    """When a contender fails, or has not done what it is measured for."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a process took from its start to its end.

    Args:
        wall: Seconds that passed.
        cpu: Seconds of CPU, user and system, of all its threads.
        peak_mb: Peak resident memory in MB (10^6 bytes).
        counts: What arrived at the stub, if it talks to one.
        file_bytes: Size of the snapshot that it has left, if it has one.
    """

    wall: float
    cpu: float
    peak_mb: float
    counts: Counts
    file_bytes: int = 0


class RunningStub:
    """A stub that is up.

    Args:
        port: Where it listens on this machine.
    """

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}"
        self._port = port

    def take_counts(self) -> Counts:
        """Return what has arrived since the last time."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", COUNTS_PATH)
            return Counts(**json.load(connection.getresponse()))
        finally:
            connection.close()


@contextlib.contextmanager
def running_stub(
    has: Path, *, latency_ms: float = 0, row_latency_us: float = 0, one_at_a_time: bool = True
) -> Iterator[RunningStub]:
    """Start a stub, and stop it at the end.

    Args:
        has: JSON file with the `fields` and `segments` that every List has.
        latency_ms: What every call takes.
        row_latency_us: What every row of a List load takes beyond that, in microseconds.
        one_at_a_time: Whether it refuses a load while another one runs on the same List.

    Yields:
        The stub.
    """
    command: list[str | Path] = [sys.executable, "-m", "benchmarks.stub", "--has", has]
    if one_at_a_time:
        command.append("--one-at-a-time")
    with subprocess.Popen(  # noqa: S603 - our own stub
        [*command, f"--latency-ms={latency_ms}", f"--row-latency-us={row_latency_us}"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            port = process.stdout.readline() if process.stdout is not None else ""
            if not port:
                raise BenchError("the stub does not start")
            yield RunningStub(int(port))
        finally:
            process.terminate()


def measure(command: Sequence[str | Path], messages: Path | None, log: Path) -> Measurement:
    """Run a command to its end.

    The peak is that of the whole process, so this program must stay smaller than what it measures: a child starts
    with its parent's peak.

    Args:
        command: Program and arguments.
        messages: What it reads on stdin; nothing if None.
        log: Where its stderr goes.

    Returns:
        What it took; the counts are empty.

    Raises:
        BenchError: If it fails, with the end of its log.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TARGET_SELLIGENT_")}
    with (messages or Path(os.devnull)).open("rb") as stdin, log.open("wb") as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - the contenders
            command, cwd=ROOT, env=environment, stdin=stdin, stdout=subprocess.DEVNULL, stderr=stderr
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_SHOWN_LINES:]
        raise BenchError(f"{command[0]} ended with code {process.returncode}:\n" + "\n".join(tail))
    return Measurement(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _UNITS_PER_MB, Counts())
