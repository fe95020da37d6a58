"""Spark to Selligent, with everything real but Selligent (`make e2e-spark`).

A cluster of two executors writes 200,000 rows to two Lists with Segments at the same time. One executor is killed in
the middle. All that arrives is compared with what Spark has in its DataFrames.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e import processes
from e2e.checks import Report, check_equal, moment
from e2e.emulator import API_KEY, API_SECRET, ORGANIZATION, running_emulator
from e2e.processes import E2EError
from e2e.spark_host import install, kill_executor, start_job, take_executor_logs, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.emulator import Emulator

ROWS = 100_000
_START_SECONDS = 120
_JOB_SECONDS = 400
_KEYS = {"customers": "customer", "orders": "order_number"}
_MOMENTS = {"seen_at", "ordered_at"}
_JSON = {"tags", "item"}
_STREAMS = {
    "customers": {"key_fields": "CUSTOMER"},
    "orders": {"list_api_name": "orders", "key_fields": "ORDER_NUMBER"},
}
_CONFIG: dict[str, Any] = {
    "organization": ORGANIZATION,
    "api_key": API_KEY,
    "api_secret": API_SECRET,
    "list_api_name": "customers",
    "create_list_if_not_exists": True,
    "create_segment_if_not_exists": True,
    "segment_column": "segment_name",
    # Small, so that the executor is killed between the loads of a List.
    "batch_size_rows": 2500,
    "max_batch_size_rows": 2500,
    "streams": _STREAMS,
}
_REFUSALS = {
    "partitions": "more partitions than the option tasks allows (1)",
    "mode": "mode overwrite would have to empty the List",
    "mirror": "segment_data_import_option mirror cannot be used with Spark",
    "type": "column photo has the type binary, which no field can hold",
    "option": "option batch_size is not a setting of this target: did you mean batch_size_rows?",
}


def run(report: Report, emulator: Emulator, folder: Path) -> None:
    """Run the job, kill one of its executors, and check what it has done.

    Args:
        report: Where to report.
        emulator: Destination.
        folder: Existing folder for what the job leaves.
    """
    (folder / "events").mkdir()
    config = {**_CONFIG, "rejects_path": str(folder / "rejects.jsonl")}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    log = folder / "job.log"
    started = time.monotonic()
    job = start_job("e2e.spark_job", log, emulator.base_url, folder)
    try:
        if not wait_for((folder / "ready").exists, job, _START_SECONDS):
            raise E2EError(f"Spark does not start:\n{log.read_text(encoding='utf-8')[-5000:]}")
        report.say(f"a cluster of two executors starts ({time.monotonic() - started:.1f} s)")
        started = time.monotonic()
        # Both Lists are being loaded, and neither is complete.
        wait_for(lambda: all(ROWS // 10 <= emulator.count(name) < ROWS for name in _KEYS), job, _START_SECONDS)
        counts = {name: emulator.count(name) for name in _KEYS}
        pid = kill_executor(job)
        report.say(f"executor {pid} is killed: {', '.join(f'{n:,} {name}' for name, n in counts.items())} are loaded")
        report.check(all(0 < count < ROWS for count in counts.values()), "in the middle of both Lists")
        if not wait_for((folder / "written").exists, job, _JOB_SECONDS):
            raise E2EError(f"the job fails:\n{log.read_text(encoding='utf-8')[-5000:]}")
        report.say(f"both Lists are written ({time.monotonic() - started:.1f} s)")
        job.wait(_JOB_SECONDS)
        said = log.read_text(encoding="utf-8")
        if job.returncode != 0:
            raise E2EError(f"the job ended with code {job.returncode}:\n{said[-5000:]}")
    finally:
        processes.stop(job)
    (path,) = (folder / "events").rglob("events_*")
    events = path.read_text(encoding="utf-8")
    executors = take_executor_logs(re.sub(r"events_\d+_", "", path.name))
    report.check("ExecutorLostFailure" in events, "Spark has lost a task with its executor, and has run it again")
    check_lists(report, emulator, folder)
    check_words(report, folder, said)
    plans = (folder / "plans.txt").read_text(encoding="utf-8")
    places = {"plans and web interface": plans, "event log": events, "log of the driver": said, "executors": executors}
    for place, text in places.items():
        shown = [secret for secret in (API_KEY, API_SECRET) if secret in text]
        report.check(bool(text) and not shown, f"no secret in {place} ({len(text):,} characters)", shown)


def check_lists(report: Report, emulator: Emulator, folder: Path) -> None:
    """Compare every record and every member with the DataFrames, as Spark itself writes them to files."""
    for name, key in _KEYS.items():
        rows = [json.loads(line, parse_float=Decimal) for line in read_lines(folder / name)]
        columns = [column for column in rows[0] if column != "segment_name"]
        expected = Counter(tuple(comparable(column, row[column]) for column in columns) for row in rows)
        found = Counter(
            tuple(comparable(column, value) for column, value in zip(columns, record, strict=True))
            for record in emulator.list_records(name, [column.upper() for column in columns])
        )
        what = f"List {name}: {expected.total():,} records, {len(columns)} fields each, as in the DataFrame"
        check_equal(report, expected, found, what)
        segments = sorted({row["segment_name"] for row in rows})
        members = Counter((row["segment_name"], str(row[key])) for row in rows)
        actual = Counter(
            (segment, str(member))
            for segment in segments
            for (member,) in emulator.segment_members(name, segment, [key.upper()])
        )
        check_equal(report, members, actual, f"{len(segments)} Segments of List {name}, as in the DataFrame")


def read_lines(folder: Path) -> Iterator[str]:
    """Yield the lines of the files that Spark wrote into a folder."""
    for path in sorted(folder.glob("part-*")):
        yield from path.read_text(encoding="utf-8").splitlines()


def comparable(column: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value in the one form in which both sides can be compared: numbers and moments by value."""
    if value is None:
        return None
    if column in _MOMENTS:
        return moment(value if value.endswith("Z") else f"{value}Z")
    if column in _JSON:
        return json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True)
    if column == "born":
        return value[:10]
    return float(value) if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) else value


def check_words(report: Report, folder: Path, said: str) -> None:
    """Check the summaries, the rejects, and what is refused."""
    report.check("List customers: 100,003 read" in said, "the driver prints the counts of List customers")
    report.check("List orders: 100,000 read" in said, "and of List orders")
    report.check(
        "rejected 3 records of stream customers, field customer: missing_key" in said, "with the rejected rows"
    )
    rejects = [path for path in folder.glob("rejects-*") if str(path) in said]
    lines = [line for path in rejects for line in path.read_text(encoding="utf-8").splitlines()]
    report.check(len(rejects) == 1 and len(lines) == 1 + 3, "which are in the file of their task", [str(rejects)])
    again = "List customers: 20,000 read, 20,000 sent, 0 inserted, 20,000 updated"
    report.check(again in said, "four tasks write 20,000 rows of a List again, one after the other: all are updated")
    refused = json.loads((folder / "refused.json").read_text(encoding="utf-8"))
    for name, sentence in _REFUSALS.items():
        report.check(sentence in refused[name], f"refused: {sentence}", refused[name].splitlines()[-3:])
    report.check("is not written whole: " in said, "a write that fails says what is in Selligent already")


def run_connect(report: Report, emulator: Emulator, folder: Path) -> None:
    """Write through Spark Connect, whose server alone has the secrets, and check that it does not show them.

    Args:
        report: Where to report.
        emulator: Destination.
        folder: Existing folder for what the program leaves.
    """
    (folder / "events").mkdir()
    config = {name: value for name, value in _CONFIG.items() if name not in {"api_key", "api_secret"}}
    streams = {"customers": {"list_api_name": "few_customers"}, "orders": {"list_api_name": "few_orders"}}
    config["streams"] = {name: {**_STREAMS[name], **own} for name, own in streams.items()}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    secrets = {"TARGET_SELLIGENT_API_KEY": API_KEY, "TARGET_SELLIGENT_API_SECRET": API_SECRET}
    log, started = folder / "job.log", time.monotonic()
    job = start_job("e2e.spark_connect", log, emulator.base_url, folder, more=secrets)
    try:
        job.wait(_JOB_SECONDS)
    finally:
        processes.stop(job)
    report.say(f"the same through Spark Connect ({time.monotonic() - started:.1f} s)")
    if job.returncode != 0:
        raise E2EError(f"the job ended with code {job.returncode}:\n{log.read_text(encoding='utf-8')[-5000:]}")
    counts = [emulator.count(own["list_api_name"]) for own in streams.values()]
    report.check(counts == [5000, 5000], "two Lists are written at the same time", [str(counts)])
    refused = json.loads((folder / "refused.json").read_text(encoding="utf-8"))
    sentence = "api_key and api_secret: Spark Connect shows options on its web page and in its event log"
    for place, said in refused.items():
        report.check(sentence in said, f"secrets as options are refused by the {place}", said.splitlines()[-3:])
    events = "".join(path.read_text(encoding="utf-8") for path in (folder / "events").rglob("events_*"))
    page = (folder / "page.html").read_text(encoding="utf-8")
    report.check(
        "shown-secret" in events and "shown-secret" in page, "Spark Connect shows what only the driver refuses"
    )
    for place, text in {"its web page": page, "its event log": events}.items():
        shown = [secret for secret in (API_KEY, API_SECRET, "never-sent") if secret in text]
        report.check(not shown, f"no other secret in {place} ({len(text):,} characters)", shown)


def main() -> int:
    """Run the test; return 1 if a check failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    report = Report()
    started = time.monotonic()
    try:
        if install():
            report.say(f"PySpark is installed ({time.monotonic() - started:.0f} s)")
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="e2e-spark-") as name:
            (cluster := Path(name, "cluster")).mkdir()
            (connect := Path(name, "connect")).mkdir()
            with running_emulator(Path(name), "--bulk-latency-ms", "40") as emulator:
                run(report, emulator, cluster)
                run_connect(report, emulator, connect)
    except E2EError as error:
        report.say(str(error))
        return 1
    report.say(f"{report.passed} checks hold, {report.failed} do not ({time.monotonic() - started:.0f} s)")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
