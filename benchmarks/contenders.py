"""Who is measured: commands that read Singer messages on stdin, each as its users would start it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import ROOT, BenchError, measure, running_stub
from benchmarks.messages import KEY, SEGMENT, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.measure import Measurement, RunningStub

LIST = "customers"
ORGANIZATION = "bench"
YARDSTICK = "target-csv 0.5.0"
_REQUIREMENT = Path(__file__).with_name("yardstick.txt")
_OURS = Path(sys.executable).with_name("target-selligent")


@dataclass(frozen=True, slots=True)
class Run:
    """One contender on one load.

    Args:
        contender: `ours`, `parquet`, `bare`, `pages`, `stock` or `yardstick`. `parquet` is ours, too, in a program that
            loads the records from a Parquet file, or only reads it if no rows must arrive.
        shape: The messages it gets; none at all if None.
        latency_ms: What every call takes.
        settings: Settings of ours beyond those that must be given.
        one_at_a_time: Whether the stub refuses a load while another one runs on its List, as the vendor does.
        row_latency_us: What every row of a List load takes beyond that, in microseconds.
        merges: Whether fewer rows may be loaded into the List than there are records.
        left: Members of each Segment that no message names, beside those that the messages name.
        loaded: How many rows must arrive; one for each record if None.
        before: With `changes_only`: the messages of the run before, after which this one starts; None for a first run.
    """

    contender: str
    shape: Shape | None = None
    latency_ms: float = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    one_at_a_time: bool = True
    left: int = 0
    row_latency_us: float = 0
    merges: bool = False
    loaded: int | None = None
    before: Shape | None = None


class Bench:
    """Runs contenders in a folder of its own.

    Args:
        folder: Where messages, configs and logs go, and the yardstick's environment.
        repeats: How often each run is measured.
        quick: Whether to measure with fewer records.
    """

    def __init__(self, folder: Path, *, repeats: int, quick: bool) -> None:
        self.repeats = repeats
        self.quick = quick
        self._folder = folder
        self._log = folder / "log.txt"
        self._snapshot = folder / "snapshot.db"
        self._snapshots: dict[Shape, Path] = {}
        folder.mkdir(exist_ok=True)

    def rounds(self, runs: Mapping[str, Run]) -> dict[str, list[Measurement]]:
        """Measure runs in turn, and again: whatever slows this machine down meets all of them.

        Args:
            runs: The runs by name.

        Returns:
            Each one's measurements, round by round.

        Raises:
            BenchError: If one fails or loads another number of rows than it was given.
        """
        for run in runs.values():
            if run.shape is not None:
                run.shape.write(self._folder)
                if run.contender == "parquet":
                    self._write_parquet(run.shape)
        measured: dict[str, list[Measurement]] = {name: [] for name in runs}
        for _ in range(self.repeats):
            for name, run in runs.items():
                measured[name].append(self._measure(run))
        return measured

    def commands(self, commands: Mapping[str, list[str | Path]], repeats: int) -> dict[str, list[Measurement]]:
        """Measure commands that read nothing, in turn, as `rounds` does."""
        measured: dict[str, list[Measurement]] = {name: [] for name in commands}
        for _ in range(repeats):
            for name, command in commands.items():
                measured[name].append(measure(command, None, self._log))
        return measured

    def ours(self, base_url: str = "https://selligent.example", **settings: object) -> list[str | Path]:
        """Return our command, with a config file for the given settings."""
        return [_OURS, "--config", self._config_of_ours(base_url, settings)]

    def yardstick(self) -> list[str | Path] | None:
        """Return the yardstick's command, installing it on first use; None if it cannot be installed."""
        home = self._folder / "yardstick"
        ready = home / ".ready"
        binaries = home / Path(_OURS).parent.name
        if not ready.exists() or ready.stat().st_mtime < _REQUIREMENT.stat().st_mtime:
            venv: list[str | Path] = [sys.executable, "-m", "venv", home]
            pip: list[str | Path] = [binaries / "python", "-m", "pip", "install", "--requirement", _REQUIREMENT]
            try:
                for command in (venv, [*pip, "--constraint", ROOT / "constraints.txt"]):
                    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - venv and pip
            except (OSError, subprocess.CalledProcessError):
                return None
            ready.touch()
        output = self._folder / "csv"
        output.mkdir(exist_ok=True)
        return [binaries / "target-csv", "--config", self._config("yardstick", {"output_path": str(output)})]

    def _measure(self, run: Run) -> Measurement:
        messages = run.shape.write(self._folder) if run.shape is not None else None
        shape = run.shape or Shape(0)
        members = {"records": shape.records, "left": run.left}
        has = self._config("has", {**shape.destination(), "members": members})
        with running_stub(
            has, latency_ms=run.latency_ms, row_latency_us=run.row_latency_us, one_at_a_time=run.one_at_a_time
        ) as stub:
            if run.settings.get("changes_only"):
                self._prepare_snapshot(run, stub)
            taken = measure(self._command(run, stub.base_url), messages, self._log)
            counts = stub.take_counts()
        rows = shape.records if run.loaded is None else run.loaded
        rows = rows if run.contender not in {"yardstick", "pages"} else 0
        list_rows = max(counts.list_rows, rows) if run.merges else counts.list_rows
        if (list_rows, counts.segment_rows) != (rows, rows):
            raise BenchError(
                f"{run.contender} loaded {counts.list_rows:,} rows into Lists and {counts.segment_rows:,} into "
                f"Segments instead of {rows:,}"
            )
        leaving = run.left * shape.segments if run.settings.get("segment_data_import_option") == "mirror" else 0
        if counts.removed_rows != leaving:
            raise BenchError(f"{run.contender} removed {counts.removed_rows:,} members instead of {leaving:,}")
        file_bytes = self._snapshot.stat().st_size if run.settings.get("changes_only") else 0
        return replace(taken, counts=counts, file_bytes=file_bytes)

    def _prepare_snapshot(self, run: Run, stub: RunningStub) -> None:
        """Put the snapshot in its place that the run before has left."""
        self._snapshot.unlink(missing_ok=True)
        if run.before is None:
            return
        if run.before not in self._snapshots:
            first = self._command(replace(run, shape=run.before), stub.base_url)
            measure(first, run.before.write(self._folder), self._log)
            self._snapshots[run.before] = self._snapshot.replace(self._folder / f"snapshot-{len(self._snapshots)}.db")
            stub.take_counts()
        shutil.copy(self._snapshots[run.before], self._snapshot)
        with closing(sqlite3.connect(self._snapshot)) as database, database:
            # Each stub has another port.
            database.execute("UPDATE place SET base_url = ?", (stub.base_url,))

    def _command(self, run: Run, base_url: str) -> list[str | Path]:
        if run.contender == "bare":
            return [sys.executable, "-m", "benchmarks.bare_loop", base_url, ORGANIZATION, LIST, KEY, SEGMENT]
        if run.contender == "pages":
            segments = run.shape.destination()["segments"] if run.shape is not None else []
            return [sys.executable, "-m", "benchmarks.bare_pages", base_url, ORGANIZATION, LIST, KEY.upper(), *segments]
        if run.contender == "stock":
            config = {
                "base_url": base_url,
                "organization": ORGANIZATION,
                "list_api_name": LIST,
                "segment_column": SEGMENT,
                "batch_size_rows": 2500,
            }
            return [sys.executable, "-m", "benchmarks.stock_target", "--config", self._config("stock", config)]
        if run.contender == "yardstick":
            return self.yardstick() or []
        if run.contender == "parquet":
            # What docs/python.md advises.
            load = ["env", "ARROW_DEFAULT_MEMORY_POOL=system", sys.executable, "-m", "benchmarks.parquet_load"]
            files = self._config_of_ours(base_url, run.settings), self._write_parquet(run.shape or Shape(0))
            return [*load, *files, *([] if run.loaded == 0 else [KEY])]
        snapshot = {"snapshot_path": str(self._snapshot)} if run.settings.get("changes_only") else {}
        return self.ours(base_url, **snapshot, **run.settings)

    def _write_parquet(self, shape: Shape) -> Path:
        """Write the records of a shape as a Parquet file, unless it is there; return the file."""
        messages = shape.write(self._folder)
        path = messages.with_suffix(".parquet")
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            subprocess.run(  # noqa: S603 - our own script
                [sys.executable, "-m", "benchmarks.parquet_file", messages, unfinished], cwd=ROOT, check=True
            )
            unfinished.replace(path)
        return path

    def _config_of_ours(self, base_url: str, settings: Mapping[str, object]) -> Path:
        config = {
            "base_url": base_url,
            "api_key": "key",
            "api_secret": "secret",
            "organization": ORGANIZATION,
            "list_api_name": LIST,
            "segment_column": SEGMENT,
            **settings,
        }
        return self._config("ours", config)

    def _config(self, name: str, content: object) -> Path:
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path


def import_sdk() -> list[str | Path]:
    """Return the command that does nothing but import the SDK: what no target on it can start faster than."""
    return [sys.executable, "-c", "import singer_sdk.target_base"]


def settings_of_ours() -> Iterator[str]:
    """Yield the names of the settings that our target has."""
    about = subprocess.run(  # noqa: S603 - our own command
        [_OURS, "--about", "--format=json"], cwd=ROOT, check=True, capture_output=True
    )
    yield from json.loads(about.stdout)["settings"]["properties"]


def commit_of_ours() -> str | None:
    """Return the commit that is measured, marked if files were changed since; None outside a clone."""
    git = ["git", "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"]
    try:
        described = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - asks git
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()
