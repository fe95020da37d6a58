"""What a run shows while it goes on: on a terminal one live line, elsewhere lines of the log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from target_selligent import LoadRun, Settings
from tests.support import clean_environment, encode, records, run_command, schema, state

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from target_selligent.loading import Progress
    from tests.support import Tenant

MESSAGES = [schema({"key": "string"}), *records("key", ("a",), ("b",), (None,)), state({"position": 1})]
OFTEN = (
    sys.executable,
    "-c",
    """
import target_selligent.loading.monitor as monitor, target_selligent.display as display
monitor._SECONDS, display._LOG_SECONDS = 0.02, 0
from target_selligent.__main__ import main
main()
""",
)
"""The command, but it looks at the run and logs how far it is more often."""
LAST = "3 read, 3 acknowledged, 1 rejected"


def run_on_a_terminal(config: Path, **env: str) -> tuple[str, str]:
    """Run the command with a terminal for its log; return what it printed and what the terminal got."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*OFTEN, "--config", str(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**clean_environment(), **env},
    )
    os.close(theirs)
    got: list[bytes] = []

    def read() -> None:
        # Reading from a terminal that nobody has open any more is an error on Linux.
        try:
            while some := os.read(ours, 1 << 16):
                got.append(some)
        except OSError:
            pass

    reader = threading.Thread(target=read)
    reader.start()
    stdout, _ = process.communicate(encode(MESSAGES), timeout=120)
    reader.join()
    os.close(ours)
    assert process.returncode == 0, got
    return stdout.decode(), b"".join(got).decode()


@pytest.fixture
def config(tenant: Tenant, tmp_path: Path) -> Path:
    """A config file for the tenant."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(tenant.config(create_list_if_not_exists=True)), encoding="utf-8")
    return path


def test_lines_of_the_log(tenant: Tenant) -> None:
    """Without a terminal, lines with all figures are logged, and points of metrics; standard output has STATE only."""
    config = tenant.config(create_list_if_not_exists=True)
    run = run_command(messages=MESSAGES, config=config, program=OFTEN).succeeded()
    assert run.states == [{"position": 1}]
    (*_, last) = [line for line in run.log if " acknowledged, " in line]
    assert last.startswith(LAST)
    assert "last STATE 0 s ago" in last
    calls = tenant.count_requests()
    assert f"{calls} calls, 0 retries" in last
    points = [json.loads(line.partition("METRIC: ")[2]) for line in run.log if "METRIC: " in line]
    counts = [point["value"] for point in points if point["metric"] == "http_request_count"]
    assert sum(counts) == calls
    (batches,) = [point for point in points if point["metric"] == "batch_count"]
    assert (batches["value"], batches["tags"]["stream"]) == (1, "customers")
    assert run.stderr.count("\r") == 0


def test_a_live_line_on_a_terminal(config: Path) -> None:
    """One line shows how far the run is, above it the log goes on, and at the end the line is gone."""
    stdout, terminal = run_on_a_terminal(config)
    assert json.loads(stdout) == {"position": 1}
    assert f"\r{LAST}" in terminal
    lines = terminal.split("\r\n")
    assert not any(line.rpartition("| ")[2].startswith(LAST) for line in lines), "a line of the log, too"
    assert "http_request" not in terminal, "a point of metrics"
    # What a line ends up as: each carriage return starts it again.
    assert [line.rpartition("\r")[2] for line in lines if "List contacts: 3 read" in line]
    after_summary = terminal.partition("List contacts: 3 read")[2]
    assert LAST not in after_summary


def test_a_terminal_with_a_log_config(config: Path, tmp_path: Path) -> None:
    """If a log config is set, as Meltano does, there is no live line even on a terminal, but lines of the log."""
    log_config = tmp_path / "log.yaml"
    log_config.write_text(
        "version: 1\ndisable_existing_loggers: false\nformatters:\n  plain: {format: '<%(message)s>'}\n"
        "handlers:\n  all: {class: logging.StreamHandler, formatter: plain, stream: 'ext://sys.stderr'}\n"
        "root: {level: INFO, handlers: [all]}\n",
        encoding="utf-8",
    )
    _, terminal = run_on_a_terminal(config, SINGER_SDK_LOG_CONFIG=str(log_config))
    assert f"<{LAST}" in terminal
    assert f"\r{LAST}" not in terminal


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"list_data_import_option": "OnlyInsert"},
        {"deduplication": "ImportFirstMatch", "segment_column": "audience", "create_segment_if_not_exists": True},
    ],
    ids=["one by one", "spooled", "first match with Segments"],
)
def test_each_record_is_acknowledged_once(tenant: Tenant, settings: dict[str, Any]) -> None:
    """Loaded, rejected, given twice or deleted at the source: at the end, all are counted as acknowledged."""
    config = tenant.config(create_list_if_not_exists=True, **settings)
    columns = {"key": {"type": ["string", "null"]}, "audience": {"type": "string"}, "_sdc_deleted_at": {}}
    keys = ["a", "b", "b", None, "c"]
    rows = [{"key": key, "audience": "vip"} for key in keys] + [{"key": "c", "_sdc_deleted_at": "2026-01-01"}]
    seen: list[Progress] = []
    with LoadRun(Settings.from_config(config), on_progress=seen.append) as run:
        stream = run.open_stream("customers", {"properties": columns}, ["key"])
        stream.take(rows)
        assert run.look().read == len(rows)
        before = run.look().acknowledged
        assert 1 <= before < len(rows), "the rejected one, but not those that are in no List yet"
    assert run.report.acknowledged == run.report.records_read == len(rows)
    last = seen[-1]
    assert (last.read, last.acknowledged, last.rejected) == (len(rows), len(rows), 1)
    assert last.calls == tenant.count_requests()
    assert sum(last.spent.values()) == pytest.approx(last.seconds)
