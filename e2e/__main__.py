"""PostgreSQL to Selligent through Meltano, with everything real but Selligent (`make e2e`).

A shop's customers go from a query into a List and three Segments, twice, and all that arrives is compared with SQL. The
second time, the tap writes them into files and sends BATCH messages.
Then two tables go into Lists of their own, of which Selligent refuses one whole. At last, a new project gets the target
from its plugin definition.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.checks import CARDS, COUPONS, KEY, LIST, Report, check_cards, check_contents, moment
from e2e.emulator import API_KEY, API_SECRET, ORGANIZATION, running_emulator
from e2e.fresh_project import check_fresh_project
from e2e.host import Meltano
from e2e.postgres import DATABASE, running_postgres
from e2e.processes import E2EError

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from e2e.emulator import Emulator
    from e2e.postgres import Postgres

STREAM = "public-selligent_export"
_HERE = Path(__file__).parent
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TEST_PASSED = "Test data was written to your target system"
_COMPLAINT = re.compile(r"^.*\[(?:warning|error|critical)\s*\] target-selligent .*$", re.MULTILINE)
_ERROR = re.compile(r"^.*\[(?:error|critical)\s*\] target-selligent .*$", re.MULTILINE)
_COUNTS = re.compile(rf"List {LIST}: ([\d,]+) read, .*, ([\d,]+) deleted")
_DELETIONS = f"Stream {STREAM}: records with a value in _sdc_deleted_at are deleted at the source"
_REFUSED_STREAM = re.compile(r"none of the ([\d,]+) records of stream public-coupons could be loaded")


def settings(postgres: Postgres, emulator: Emulator) -> dict[str, str]:
    """Return the environment variables that `meltano.yml` leaves to whoever runs it."""
    return {
        "TAP_POSTGRES_HOST": postgres.host,
        "TAP_POSTGRES_PORT": str(postgres.port),
        "TAP_POSTGRES_USER": postgres.user,
        "TAP_POSTGRES_PASSWORD": postgres.password,
        "TAP_POSTGRES_DATABASE": DATABASE,
        "TARGET_SELLIGENT_BASE_URL": emulator.base_url,
        "TARGET_SELLIGENT_API_KEY": API_KEY,
        "TARGET_SELLIGENT_API_SECRET": API_SECRET,
        "TARGET_SELLIGENT_ORGANIZATION": ORGANIZATION,
        "TARGET_SELLIGENT_LIST_API_NAME": LIST,
        "TARGET_SELLIGENT_CREATE_LIST_IF_NOT_EXISTS": "true",
        "TARGET_SELLIGENT_CREATE_SEGMENT_IF_NOT_EXISTS": "true",
    }


PIPELINE = {
    "TARGET_SELLIGENT_SEGMENT_COLUMN": "selligent_segment",
    "TARGET_SELLIGENT_KEY_FIELDS": KEY,
    # A field of its own, not the List's MAIL: without this line, a warning asks.
    "TARGET_SELLIGENT_FIELD_MAPPING": json.dumps({"email": "EMAIL"}),
    # Small, so that a run has many batches.
    "TARGET_SELLIGENT_BATCH_SIZE_ROWS": "500",
}
TWO_LISTS = {
    "TAP_POSTGRES__SELECT": json.dumps([f"public-{COUPONS}.*", f"public-{CARDS}.*"]),
    "TAP_POSTGRES__METADATA": json.dumps(
        {f"public-{CARDS}": {"replication-method": "INCREMENTAL", "replication-key": "issued_at"}}
    ),
    "TARGET_SELLIGENT_STREAMS": json.dumps(
        {f"public-{COUPONS}": {"list_api_name": COUPONS}, f"public-{CARDS}": {"list_api_name": CARDS}}
    ),
    "TARGET_SELLIGENT_BATCH_SIZE_ROWS": "500",
}
WRONG_SECRET = {"TARGET_SELLIGENT_API_SECRET": "not-the-secret"}


def _by_batches(folder: Path) -> dict[str, str]:
    """Return the variables with which the tap writes its records into files of a folder."""
    config = {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": folder.as_uri()}}
    return {"TAP_POSTGRES_BATCH_CONFIG": json.dumps({**config, "batch_size": 300})}


class Pipeline:
    """Runs of tap and target, each with its checks.

    Args:
        report: Where to report.
        postgres: Source.
        emulator: Destination.
        meltano: Host.
    """

    def __init__(self, report: Report, postgres: Postgres, emulator: Emulator, meltano: Meltano) -> None:
        self._report = report
        self._postgres = postgres
        self._emulator = emulator
        self._meltano = meltano
        self._state: dict[str, Any] | None = None

    def test_config(self) -> None:
        """Let Meltano test the target: it checks the config, and loads nothing."""
        self._report.say("meltano config test target-selligent")
        before = self._emulator.list_records(LIST, [KEY])
        tested = self._meltano.test_target(PIPELINE)
        # Meltano 4.4 ends by terminating the target, which may be gone by then: its verdict stands before that.
        passed = tested.code == 0 or (_TEST_PASSED in tested.log and "ProcessLookupError" in tested.log)
        if not passed:  # only then: the test fails on the word "error", which debug lines hold for other reasons
            tested = self._meltano.test_target(PIPELINE | {"MELTANO_CLI_LOG_LEVEL": "debug"})
        self._report.check(passed, "Meltano's test of the target passes", tested.tail().splitlines())
        refused = self._meltano.test_target(PIPELINE | WRONG_SECRET)
        failed = refused.code != 0 and _TEST_PASSED not in refused.log
        self._report.check(failed, "with a wrong secret it does not", refused.tail().splitlines())
        self._report.check(before == self._emulator.list_records(LIST, [KEY]), "and nothing is written")
        checked = self._meltano.check_target(PIPELINE)
        self._report.check(checked.code == 0, "the command check finds nothing wrong", checked.tail().splitlines())

    def check_refusal(self) -> None:
        """Check that a run that cannot log in fails and leaves contents and state alone."""
        self._report.say("a run with a wrong secret")
        refused = self._meltano.run_pipeline(PIPELINE | WRONG_SECRET)
        self._report.check(refused.code != 0, f"it fails, with exit code {refused.code}", refused.tail().splitlines())
        errors = _ERROR.findall(refused.log)
        explained = len(errors) == 1 and "401" in errors[0] and "Error details" not in refused.log
        self._report.check(explained, "one error of the target says why, without a traceback", errors)
        self._report.check(
            not any(secret in refused.log for secret in WRONG_SECRET.values()), "and without showing the secret"
        )
        self._report.check(self._state == self._meltano.state(), "and changes no state")

    def run(self, title: str, files: Path | None = None) -> None:
        """Run the pipeline, check which records it extracted, what is in Selligent then, and the stored state.

        Args:
            title: What to call this run.
            files: Folder for the records, which come by BATCH messages then; None for RECORD messages.
        """
        since = self._bookmark()
        condition = f"updated_at >= '{since}'" if since else "true"
        count = self._postgres.value(f"SELECT count(*) FROM selligent_export WHERE {condition}")  # noqa: S608
        deleted = self._postgres.value(
            f"SELECT count(*) FROM selligent_export WHERE {condition} AND _sdc_deleted_at IS NOT NULL"  # noqa: S608
        )
        everything = self._postgres.value("SELECT count(*) FROM selligent_export")
        newest = self._postgres.value("SELECT to_json(max(updated_at)) FROM selligent_export")
        started = time.monotonic()
        finished = self._meltano.run_pipeline(PIPELINE | (_by_batches(files) if files else {}))
        self._report.say(f"{title} ({time.monotonic() - started:.1f} s)")
        finished.must_succeed("meltano run")
        self._postgres.execute("CALL expected.run_export()")
        summary = _COUNTS.search(finished.log)
        read, gone = (number.replace(",", "") for number in summary.groups()) if summary else ("no summary", "")
        self._report.check(
            read == count,
            f"{int(count):,} of {int(everything):,} records extracted: "
            f"{'those changed since the stored state' if since else 'all, there is no state yet'}",
            [f"{read} read by the target"],
        )
        self._report.check(
            gone == deleted != "0",
            f"{int(deleted):,} of them are marked as deleted, and counted so",
            [f"{gone} counted as deleted"],
        )
        # The SDK's warning of an old Python is the machine's matter, not the target's.
        complaints = [line for line in _COMPLAINT.findall(finished.log) if "SingerSDKPythonEOLWarning" not in line]
        self._report.check(
            len(complaints) == 1 and _DELETIONS in complaints[0],
            "one warning in the target's log, of the deleted records, and no error",
            complaints,
        )
        if files is not None:
            names = [path.name for path in files.iterdir()]
            by_files = len(names) > 1 and "(1 schemas, " + count + " records, " + str(len(names)) in finished.log
            self._report.check(by_files, f"the tap has written {len(names)} files, which are there still", names)
        check_contents(self._report, self._postgres, self._emulator)
        self._state = self._meltano.state()
        stored = self._bookmark()
        self._report.check(
            bool(stored) and moment(stored) == moment(json.loads(newest)),
            f"state stored: {STREAM} up to {stored}",
            [f"newest is {newest}"],
        )

    def check_moves(self) -> None:
        """Check that the changes are what they are meant to be: some customers are in two Segments now."""
        both = int(
            self._postgres.value(
                "SELECT count(*) FROM expected.members AS old JOIN expected.members AS vip USING (customer_identifier)"
                " WHERE old.segment = 'standard_customers' AND vip.segment = 'vip_customers'"
            )
        )
        self._report.check(both > 0, f"{both:,} customers became VIPs and, with append, are still standard ones too")

    def check_refused_stream(self) -> None:
        """Check that a stream that Selligent refuses whole fails the run, and that the other one is loaded."""
        self._report.say("a run of two streams, of which Selligent refuses one whole")
        finished = self._meltano.run_pipeline(TWO_LISTS)
        end = finished.tail().splitlines()
        self._report.check(finished.code == 1, f"it fails, with exit code {finished.code}", end)
        count = self._postgres.value(f"SELECT count(*) FROM {COUPONS}")  # noqa: S608 - a name from above
        named = _REFUSED_STREAM.search(finished.log)
        self._report.check(
            named is not None and named.group(1).replace(",", "") == count, "the target names the stream", end
        )
        self._report.check(not self._emulator.list_records(COUPONS, ["CODE"]), f"List {COUPONS} is empty")
        check_cards(self._report, self._postgres, self._emulator)
        self._report.check(self._state == self._meltano.state(), "and changes no state")

    def _bookmark(self) -> str:
        """Return the replication key value in the state that the last run stored; empty if there is none."""
        bookmarks = (self._state or {}).get("singer_state", {}).get("bookmarks", {})
        return str(bookmarks.get(STREAM, {}).get("replication_key_value") or "")


def main() -> int:
    """Run the test.

    Returns:
        Exit code.
    """
    for number in _INTERRUPTS:
        signal.signal(number, _interrupt)
    report = Report()
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="target-selligent-e2e-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            folder.chmod(0o711)  # PostgreSQL may run as another user
            _run_all(report, folder)
    except E2EError as error:
        report.check(False, str(error))  # noqa: FBT003
    except KeyboardInterrupt:
        report.say("interrupted")
        return 130
    seconds = time.monotonic() - started
    report.say(f"{report.passed} checks passed, {report.failed} failed, in {seconds:.0f} s")
    return 1 if report.failed else 0


def _run_all(report: Report, folder: Path) -> None:
    database, selligent = folder / "postgresql", folder / "selligent"
    for part in (database, selligent):
        part.mkdir()
    with running_postgres(database) as postgres, running_emulator(selligent) as emulator:
        meltano = Meltano(settings(postgres, emulator), folder / "meltano.db")
        meltano.install()
        version = postgres.value("SELECT split_part(version(), ' ', 2)")
        report.say(f"PostgreSQL {version}, {meltano.versions()}")
        postgres.execute((_HERE / "customers.sql").read_text(encoding="utf-8"))
        pipeline = Pipeline(report, postgres, emulator, meltano)
        pipeline.run("first run")
        pipeline.test_config()
        postgres.execute((_HERE / "changes.sql").read_text(encoding="utf-8"))
        pipeline.check_refusal()
        batches = folder / "batches"
        batches.mkdir()
        pipeline.run("second run, after changes, with BATCH messages", batches)
        pipeline.check_moves()
        pipeline.check_refused_stream()
        fresh = folder / "fresh"
        fresh.mkdir()
        check_fresh_project(report, meltano, emulator, fresh)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    for number in _INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)  # the clean-up is not to be interrupted
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
