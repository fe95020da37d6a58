"""A write of Spark without Spark: what the driver prepares and what tasks load, against the emulator.

`make e2e-spark` runs the same with a real Spark.
"""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from target_selligent.errors import InputError, SettingsError, TargetSelligentError
from target_selligent.spark.job import WriteJob, load_partition, open_job
from target_selligent.spark.options import as_options
from target_selligent.spark.results import check_results, summarize

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Tenant

COLUMNS = {"customer": "string", "note": "string", "points": "long", "segment_name": "string"}
SCHEMA = {"type": "struct", "fields": [{"name": name, "type": one} for name, one in COLUMNS.items()]}
CONFIG: dict[str, Any] = {
    "key_fields": "CUSTOMER",
    "segment_column": "segment_name",
    "create_list_if_not_exists": True,
    "create_segment_if_not_exists": True,
    "batch_size_rows": 50,
}


def open_(tenant: Tenant, schema: dict[str, Any] = SCHEMA, *, overwrite: bool = False, **changes: Any) -> WriteJob:
    """Prepare a write, as the driver does, and return it as an executor gets it."""
    options = as_options(tenant.config(**{**CONFIG, **changes}))
    opened = open_job(options, {}, schema, overwrite=overwrite)
    sent: WriteJob = pickle.loads(pickle.dumps(opened))  # noqa: S301 - our own
    return sent


def batches(first: int, last: int, *, spoilt: int | None = None) -> list[pa.RecordBatch]:
    """Return rows in batches, as Spark gives them to a task; one of them may have no key."""
    numbers = list(range(first, last))
    rows = [
        {"customer": None if n == spoilt else f"C{n}", "note": f"N{n}", "points": n, "segment_name": ("a", "b")[n % 2]}
        for n in numbers
    ]
    schema = pa.schema(
        [("customer", pa.string()), ("note", pa.string()), ("points", pa.int64()), ("segment_name", pa.string())]
    )
    table = pa.Table.from_pylist(rows, schema)
    return list(table.to_batches(max_chunksize=64))


def test_the_driver_creates_the_list_before_a_task_begins(tenant: Tenant) -> None:
    """With its fields, and without a record."""
    open_(tenant)
    assert {"CUSTOMER", "NOTE", "POINTS"} <= tenant.fields().keys()
    assert tenant.rows("CUSTOMER") == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"overwrite": True}, "mode overwrite would have to empty the List"),
        ({"schema": {"fields": [{"name": "photo", "type": "binary"}]}}, "column photo has the type binary"),
        ({"key_fields": "OTHER"}, "OTHER"),
        ({"deleted_records": "delete"}, "deleted_records delete cannot be used with Spark"),
    ],
    ids=str,
)
def test_what_cannot_be_written_is_refused_on_the_driver(tenant: Tenant, changes: dict[str, Any], said: str) -> None:
    """Nothing is created."""
    with pytest.raises(TargetSelligentError, match=said):
        open_(tenant, **changes)
    assert tenant.lists() == {}


def test_secrets_that_spark_connect_has_shown_are_refused(tenant: Tenant) -> None:
    """Spark marks its sessions with an id. As variables of the driver, they are no options."""
    connect = {"SPARK_JOB_ARTIFACT_UUID": "2279c908-939f-465a-b3af-044696fd8bc7"}
    config = tenant.config(**CONFIG)
    with pytest.raises(SettingsError, match="api_key and api_secret: Spark Connect shows options"):
        open_job(as_options(config), connect, SCHEMA, overwrite=False)
    assert tenant.lists() == {}
    secrets = {f"TARGET_SELLIGENT_{name.upper()}": config.pop(name) for name in ("api_key", "api_secret")}
    open_job(as_options(config), connect | secrets, SCHEMA, overwrite=False)
    assert list(tenant.lists()) == ["contacts"]


def test_tasks_load_their_partitions_and_a_task_that_runs_twice_changes_nothing(tenant: Tenant, tmp_path: Path) -> None:
    """Tasks, or copies of one, that run at the same time wait for each other. Each has a file for its rejects."""
    job = open_(tenant, tasks=2, rejects_path=str(tmp_path / "rejects.jsonl"))
    with ThreadPoolExecutor() as executor:
        tasks = [
            executor.submit(load_partition, job, batches(0, 700), 0, 11),
            executor.submit(load_partition, job, batches(700, 1000, spoilt=999), 1, 12),
        ]
    results = [task.result() for task in tasks]
    check_results(results, None)
    summary = list(summarize(results))
    assert summary[0].startswith("List contacts: 1,000 read, 999 sent, 999 inserted, 0 updated")
    assert sorted(line.partition(":")[0] for line in summary[1:3]) == [
        f"Segment {one} of List contacts" for one in "ab"
    ]
    assert summary[3] == "rejected 1 records of stream contacts, field customer: missing_key"
    (path,) = tmp_path.iterdir()
    assert path.name == f"rejects-{job.write_id}-task1-12.jsonl"
    assert summary[4:] == [f"rejects of partition 1: {path}"]
    rejected = json.loads(path.read_bytes().splitlines()[-1])
    assert rejected["record"] == {"customer": None, "note": "N999", "points": 999, "segment_name": "b"}

    def contents() -> object:
        records = sorted(tenant.rows("CUSTOMER", "NOTE", "POINTS"))
        return records, tenant.members("a", "CUSTOMER"), tenant.members("b", "CUSTOMER")

    first = contents()
    assert first == (
        sorted([f"C{n}", f"N{n}", n] for n in range(999)),
        [f"C{n}" for n in sorted(range(0, 999, 2), key=str)],
        [f"C{n}" for n in sorted(range(1, 999, 2), key=str)],
    )
    with ThreadPoolExecutor() as executor:
        copies = [executor.submit(load_partition, job, batches(0, 700), 0, attempt) for attempt in (13, 14)]
    for copy in copies:
        (_, counts) = copy.result().lists[0]
        assert (counts.inserted, counts.updated) == (0, 700)
    assert contents() == first


def test_more_partitions_than_tasks_are_refused(tenant: Tenant) -> None:
    """The second task loads nothing, and says what to write."""
    job = open_(tenant)
    with pytest.raises(InputError, match=r"more partitions than the option tasks allows \(1\).*df.repartition\(1\)"):
        load_partition(job, batches(0, 10), 1, 5)
    assert tenant.rows("CUSTOMER") == []


def test_a_task_in_which_nothing_could_be_loaded_leaves_the_verdict_to_the_driver(tenant: Tenant) -> None:
    """Its rows are few. Those of an empty partition are none."""
    job = open_(tenant, tasks=3)
    results = [load_partition(job, batches(0, 1, spoilt=0), 0, 1), load_partition(job, [], 1, 2)]
    with pytest.raises(TargetSelligentError, match="no row could be loaded"):
        check_results(results, None)
    check_results([*results, load_partition(job, batches(1, 3), 2, 3)], None)


def test_the_end_of_a_task_names_its_counts(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    """If a task fails, the log of its executor says what it has loaded."""
    job = open_(tenant, skip_invalid_records=False)
    with pytest.raises(TargetSelligentError, match="skip_invalid_records is false"):
        load_partition(job, batches(0, 300, spoilt=200), 0, 1)
    assert "partition 0, until it failed: List contacts: " in caplog.text
    with pytest.raises(SettingsError, match="max_rejects"):
        open_(tenant, max_rejects="many")
