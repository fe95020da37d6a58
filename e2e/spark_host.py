"""Spark: its environment and its processes."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from e2e import processes
from e2e.processes import E2EError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parent.parent
_CACHE = ROOT / ".e2e" / "spark"
_PINS = ("constraints.txt", "e2e/spark-constraints.txt")
_JRE = "openjdk-17-jre-headless"
_EXECUTOR = b"CoarseGrainedExecutorBackend"
_INSTALL_SECONDS = 1200


def install() -> bool:
    """Install a Java runtime and PySpark, unless they are there.

    Returns:
        Whether PySpark was installed.

    Raises:
        E2EError: If that fails.
    """
    if shutil.which("java") is None:
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", _JRE],
        ):
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            processes.run(command, env=environment, seconds=_INSTALL_SECONDS).must_succeed(" ".join(command))
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    for name in (*_PINS, "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    stamp = _CACHE / ".made-from"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == digest.hexdigest():
        return False
    venv.create(_CACHE, clear=True, with_pip=True)
    pip = [str(_CACHE / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    constraints = [part for name in _PINS for part in ("--constraint", str(ROOT / name))]
    install = [*pip, *constraints, "pyspark[connect]", "--editable", f"{ROOT}[spark]"]
    processes.run(install, seconds=_INSTALL_SECONDS).must_succeed("pip install pyspark")
    stamp.write_text(digest.hexdigest(), encoding="ascii")
    return True


def start_job(
    module: str, log: Path, *arguments: str | Path, more: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start a program that writes with Spark.

    Args:
        module: The module of the program.
        log: File for all that it and its processes say.
        arguments: Its arguments.
        more: Environment variables.
    """
    python = _CACHE / "bin" / "python"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "TARGET_"))}
    environment = {
        **inherited,
        "SPARK_HOME": str(_home()),
        "PYSPARK_PYTHON": str(python),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        **(more or {}),
    }
    command = [python, "-m", module, *arguments]
    with log.open("w", encoding="utf-8") as stream:
        return processes.start(command, env=environment, cwd=ROOT, log=stream)


def take_executor_logs(application: str) -> str:
    """Return what the executors of an application have said, and remove their folder, which Spark would keep.

    Args:
        application: The id that Spark has given the application.
    """
    folder = _home() / "work" / application
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.rglob("std*"))]
    shutil.rmtree(folder, ignore_errors=True)
    return "".join(texts)


def _home() -> Path:
    return next((_CACHE / "lib").glob("python*/site-packages/pyspark"))


def wait_for(holds: Callable[[], bool], process: subprocess.Popen[str], seconds: float) -> bool:
    """Wait until something holds, or a process has ended.

    Args:
        holds: Says whether it holds.
        process: The process.
        seconds: The longest wait.

    Returns:
        Whether it holds.
    """
    deadline = time.monotonic() + seconds
    while not (found := holds()) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def kill_executor(job: subprocess.Popen[str]) -> int:
    """Kill one executor that the job has started, and return its process id.

    Raises:
        E2EError: If the job has none.
    """
    parents = {}
    executors = []
    for folder in Path("/proc").iterdir():
        try:
            # The name of the command stands in parentheses and may have blanks.
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if _EXECUTOR in (folder / "cmdline").read_bytes():
                executors.append(int(folder.name))
        except (OSError, ValueError):
            continue
    for executor in sorted(executors):
        ancestor = executor
        while ancestor and ancestor != job.pid:
            ancestor = parents.get(ancestor, 0)
        if ancestor:
            os.kill(executor, signal.SIGKILL)
            return executor
    raise E2EError("the job has no executor")
