"""`LoadRun` from a Python program: the documented example, and the guarantees of the command without Singer."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from target_selligent import LoadRun, Settings
from target_selligent.errors import NothingLoadedError, RunStoppedError, TargetSelligentError
from tests.support import clean_environment, record, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support import Tenant

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
SCHEMA = {"properties": {"key": {"type": "string"}, "name": {"type": ["string", "null"]}}}
KEYS = ["key"]


def settings(tenant: Tenant, **changes: Any) -> Settings:
    """Return the settings of a run that creates its List."""
    return Settings.from_config(tenant.config(create_list_if_not_exists=True, **changes))


@contextmanager
def loading(
    records: list[dict[str, Any]],
    tenant: Tenant,
    on_state: Callable[[Any], None],
    on_failed: Callable[[Exception], None] | None = None,
) -> Iterator[LoadRun]:
    """A run that has taken some records, and after them a STATE."""
    with LoadRun(settings(tenant), on_state, on_failed=on_failed) as run:
        run.open_stream("customers", SCHEMA, KEYS).take(records)
        run.note_state({"page": 1})
        yield run


def test_the_documented_example(tenant: Tenant, tmp_path: Path) -> None:
    """The program of `docs/python.md` prints what stands there, and leaves the STATE of its last page."""
    program, printed = re.findall(r"^```(?:python|text)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    config = tenant.config(
        create_list_if_not_exists=True, create_segment_if_not_exists=True, segment_column="segment_name"
    )
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=clean_environment(),
    )
    assert (done.returncode, done.stdout) == (0, printed), done.stderr
    assert json.loads((tmp_path / "state.json").read_text(encoding="utf-8")) == {"page": 2}
    assert tenant.members("vip", "CUSTOMER_IDENTIFIER") == ["C101", "C319"]


RECORDS: list[dict[str, Any]] = [
    {"key": "a", "name": "Mei", "number": 1, "born": "1990-02-01", "at": "2026-01-01T12:00:00+02:00", "seg": "x"},
    {"key": "b", "name": None, "number": 2**70, "seg": "y"},
    {"key": "c", "number": 1.5, "seg": ["x", "y"]},
    {"key": None, "name": "no key"},
    {"key": "d", "name": 5},
    {"key": "a", "name": "again", "unknown": {"deep": [1, 2]}, "seg": "y"},
    {"key": "e", "name": "gone", "_sdc_deleted_at": "2026-01-01T00:00:00Z"},
    {"key": "f", "number": float("nan"), "seg": "x"},
    {"key": "g", "name": "\ud800", "seg": "x"},
    {"key": "h", "at": "yesterday", "seg": "x"},
    {"key": "i", "number": -(2**63), "seg": "not/a name\n"},
    *({"key": f"k{number}", "name": "many", "seg": "z"} for number in range(300)),
]
COLUMNS: dict[str, Any] = {
    "key": "string",
    "name": "string",
    "number": "number",
    "born": {"type": ["string", "null"], "format": "date"},
    "at": {"type": ["string", "null"], "format": "date-time"},
    "seg": {},
}


def rejected(path: Path) -> list[tuple[Any, ...]]:
    """Return what a rejects file holds: record number, code, field and the record's text."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted(
        (line["record_number"], line["code"], line["field"], json.dumps(line["record"]))
        for line in lines
        if line["type"] == "RECORD"
    )


def test_the_same_records_end_alike_from_a_program_and_from_a_tap(tenant: Tenant, tmp_path: Path) -> None:
    """Dicts are validated, mapped, routed and rejected exactly as the lines of a tap that holds the same values."""
    described = schema(COLUMNS)
    config: dict[str, Any] = {
        "create_list_if_not_exists": True,
        "create_segment_if_not_exists": True,
        "segment_column": "seg",
        "records_without_segment": "list_only",
        "batch_size_rows": 100,
    }
    found = []
    for path in (tmp_path / "tap.jsonl", tmp_path / "program.jsonl"):
        tenant.reset()
        if path.stem == "tap":
            messages = [described, *map(record, RECORDS)]
            lines = "".join(json.dumps(message) + "\n" for message in messages).encode()
            assert tenant.run(lines, rejects_path=str(path), **config).returncode == 0
        else:
            with LoadRun(Settings.from_config(tenant.config(rejects_path=str(path), **config))) as run:
                run.open_stream("customers", described["schema"], KEYS).take(RECORDS)
        found.append(
            (
                tenant.fields(),
                tenant.rows("KEY", "NAME", "NUMBER", "BORN", "AT"),
                {segment: tenant.members(segment, "KEY") for segment in tenant.segments()},
                rejected(path),
            )
        )
    from_tap, from_program = found
    assert from_program == from_tap
    assert {code for _, code, _, _ in from_tap[3]} >= {"missing_key", "invalid_text"}


def test_python_values_become_what_they_mean(tenant: Tenant) -> None:
    """Dates, Decimals and UUIDs are loaded as JSON of the same meaning, with all digits."""
    columns = {
        **COLUMNS,
        "digits": {"type": "number", "multipleOf": 1, "maximum": 10**19},
        "token": "string",
        "data": {"type": ["string", "null"]},
    }
    moment = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    with LoadRun(settings(tenant)) as run:
        run.open_stream("customers", schema(columns)["schema"], KEYS).take(
            [
                {
                    "key": "a",
                    "born": date(1990, 2, 1),
                    "at": moment,
                    "number": Decimal("0.1"),
                    "digits": Decimal(9007199254740993),
                    "token": UUID(int=7),
                    "data": b"bytes",
                }
            ]
        )
    (row,) = tenant.rows("KEY", "BORN", "NUMBER", "DIGITS", "TOKEN", "DATA")
    assert row == ["a", "1990-02-01", 0.1, "9007199254740993", str(UUID(int=7)), "Ynl0ZXM="]
    ((at,),) = tenant.rows("AT")
    assert at.startswith("2026-01-01T10:00:00")


def test_a_value_that_is_no_json_rejects_its_record_alone(tenant: Tenant, tmp_path: Path) -> None:
    """A type that JSON has not rejects the record, which the rejects file keeps in readable form; others are loaded."""
    path = tmp_path / "rejects.jsonl"
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    with LoadRun(settings(tenant, rejects_path=str(path))) as run:
        run.open_stream("customers", SCHEMA, KEYS).take(
            [{"key": "a"}, {"key": "b", "name": 1j}, {"key": "c"}, {"key": "d", "name": deep}, {"key": "e"}]
        )
    assert [key for (key,) in tenant.rows("KEY")] == ["a", "c", "e"]
    assert rejected(path) == [
        (2, "invalid_type", None, '{"key": "b", "name": "1j"}'),
        (4, "invalid_type", None, "{}"),
    ]


def test_a_record_must_be_a_mapping(tenant: Tenant) -> None:
    """A program that gives something else has a bug, and hears of it; what it gave before is loaded."""
    not_a_record: Any = [{"key": "a"}, "key"]
    with pytest.raises(TypeError, match="dict"), LoadRun(settings(tenant)) as run:
        run.open_stream("customers", SCHEMA, KEYS).take(not_a_record)
    assert tenant.rows("KEY") == [["a"]]


def test_state_comes_when_the_records_before_it_are_in_the_list(tenant: Tenant) -> None:
    """When `on_state` is called, Selligent holds every record that came before that STATE; the last one comes."""
    seen: list[tuple[int, int]] = []

    def save(state: dict[str, int]) -> None:
        seen.append((state["records"], len(tenant.rows("KEY"))))

    with LoadRun(settings(tenant, batch_size_rows=10), on_state=save) as run:
        customers = run.open_stream("customers", SCHEMA, KEYS)
        for start in range(0, 100, 5):
            customers.take({"key": f"k{number}"} for number in range(start, start + 5))
            run.note_state({"records": start + 5})
    assert [noted for noted, held in seen if noted > held] == []
    assert seen[-1] == (100, 100)
    assert len(seen) > 1


def test_a_state_is_a_copy(tenant: Tenant) -> None:
    """What a program changes in a STATE after it has noted it changes nothing."""
    states: list[Any] = []
    with LoadRun(settings(tenant), on_state=states.append) as run:
        customers = run.open_stream("customers", SCHEMA, KEYS)
        customers.take([{"key": "a"}])
        state = {"page": [1]}
        run.note_state(state)
        state["page"].append(2)
    assert states == [{"page": [1]}]


def test_an_exception_in_the_block_loads_what_came_before_it(tenant: Tenant) -> None:
    """The records before it are loaded and their STATE comes; the exception goes on."""
    states: list[Any] = []
    with pytest.raises(ZeroDivisionError), loading([{"key": "a"}], tenant, states.append):
        raise ZeroDivisionError
    assert tenant.rows("KEY") == [["a"]]
    assert states == [{"page": 1}]


def test_records_that_fail_to_come_keep_those_before_them(tenant: Tenant) -> None:
    """If iterating over the records raises, those before it are loaded."""

    def pages() -> Iterator[dict[str, str]]:
        yield {"key": "a"}
        yield {"key": "b"}
        raise ConnectionError("no third page")

    with pytest.raises(ConnectionError), LoadRun(settings(tenant)) as run:
        run.open_stream("customers", SCHEMA, KEYS).take(pages())
    assert tenant.rows("KEY") == [["a"], ["b"]]


def test_a_stopped_run_loads_what_it_took_and_takes_no_more(tenant: Tenant) -> None:
    """After `stop`, `take` and `open_stream` raise; what was taken before is loaded, and its STATE comes."""
    states: list[Any] = []
    with LoadRun(settings(tenant), on_state=states.append) as run:
        customers = run.open_stream("customers", SCHEMA, KEYS)
        customers.take([{"key": "a"}])
        run.note_state({"page": 1})
        run.stop()
        with pytest.raises(RunStoppedError, match="stopped"):
            customers.take([{"key": "b"}])
        with pytest.raises(RunStoppedError, match="stopped"):
            run.open_stream("orders", SCHEMA, KEYS)
    assert tenant.rows("KEY") == [["a"]]
    assert states == [{"page": 1}]


@pytest.mark.parametrize("stop", [True, False], ids=["stopped", "whole"])
def test_a_state_of_a_whole_run_does_not_come_from_a_stopped_one(tenant: Tenant, *, stop: bool) -> None:
    """Where a run cannot be resumed half-way, its STATE comes at its end only, and not if it was stopped."""
    states: list[Any] = []
    changes = {"list_data_import_option": "OnlyInsert", "deduplication": "ImportLastMatch"}
    with LoadRun(settings(tenant, **changes), on_state=states.append) as run:
        customers = run.open_stream("customers", SCHEMA, KEYS)
        customers.take([{"key": "a", "name": "first"}, {"key": "a", "name": "last"}])
        run.note_state({"page": 1})
        if stop:
            run.stop()
        assert states == []
    assert states == ([] if stop else [{"page": 1}])
    assert tenant.rows("KEY", "NAME") == ([] if stop else [["a", "last"]])


def test_a_finished_run_takes_no_more(tenant: Tenant) -> None:
    """After the block, records are refused loudly; finishing again does nothing."""
    with LoadRun(settings(tenant)) as run:
        customers = run.open_stream("customers", SCHEMA, KEYS)
        customers.take([{"key": "a"}])
    run.finish()
    with pytest.raises(RunStoppedError, match="finished"):
        customers.take([{"key": "b"}])
    assert tenant.rows("KEY") == [["a"]]


def test_a_state_that_cannot_be_kept_ends_the_run(tenant: Tenant) -> None:
    """An exception of `on_state` is raised where the run ends."""

    def save(_: Any) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), loading([{"key": "a"}], tenant, save):
        pass


def test_what_ends_the_loading_is_raised_and_told_once(tenant: Tenant) -> None:
    """A load that Selligent refuses for good leaves the block as an exception; `on_failed` hears of it before."""
    failures: list[Exception] = []
    states: list[Any] = []
    tenant.add_fault("status", status=401, path="data/load", times=0)
    with (
        pytest.raises(TargetSelligentError) as raised,
        loading([{"key": "a"}], tenant, states.append, on_failed=failures.append),
    ):
        pass
    assert failures == [raised.value]
    assert states == []


def test_a_stream_of_which_nothing_can_be_loaded_fails_the_run(tenant: Tenant) -> None:
    """All records of a stream rejected: the block raises, and no STATE after them comes."""
    states: list[Any] = []
    with pytest.raises(NothingLoadedError), loading([{"key": None}], tenant, states.append) as run:
        pass
    assert states == []
    assert "rejected 1 records of stream customers" in str(run.report)


def test_a_strict_run_ends_at_a_rejected_record(tenant: Tenant) -> None:
    """With `skip_invalid_records: false`, `take` raises at the first record that cannot be loaded."""
    with pytest.raises(RunStoppedError, match="record 2"), LoadRun(settings(tenant, skip_invalid_records=False)) as run:
        run.open_stream("customers", SCHEMA, KEYS).take([{"key": "a"}, {"key": None}, {"key": "c"}])
    assert tenant.rows("KEY") == [["a"]]


def test_a_stream_may_come_again_with_another_schema(tenant: Tenant) -> None:
    """Its records keep their order and their numbers; with the same schema, it is the same loader."""
    wider = {"properties": {**SCHEMA["properties"], "city": {"type": "string"}}}
    with LoadRun(settings(tenant)) as run:
        first = run.open_stream("customers", SCHEMA, KEYS)
        first.take([{"key": "a", "name": "old"}])
        assert run.open_stream("customers", json.loads(json.dumps(SCHEMA)), KEYS) is first
        second = run.open_stream("customers", wider, KEYS)
        assert second is not first
        second.take([{"key": "a", "name": "new", "city": "Ghent"}])
        assert second.records_read == 2
    assert tenant.rows("KEY", "NAME", "CITY") == [["a", "new", "Ghent"]]


@pytest.mark.parametrize(
    ("described", "words"),
    [({}, "no properties"), ({"properties": {"key": {"type": 5}}}, "JSON Schema")],
    ids=["no properties", "no JSON Schema"],
)
def test_a_schema_that_is_none_is_named(tenant: Tenant, described: dict[str, Any], words: str) -> None:
    """A schema that cannot be worked with is said in one line that names the stream."""
    with pytest.raises(TargetSelligentError) as raised, LoadRun(settings(tenant)) as run:
        run.open_stream("customers", described, KEYS)
    assert "customers" in str(raised.value)
    assert words in str(raised.value)


def test_records_are_loaded_while_a_program_waits(tenant: Tenant) -> None:
    """`poll` loads batches that are old enough, and raises what has ended the loading."""
    run = LoadRun(settings(tenant))
    customers = run.open_stream("customers", SCHEMA, KEYS)
    tenant.add_fault("status", status=401, path="data/load", times=0)
    customers.take([{"key": "a"}])
    customers.flush()
    with pytest.raises(TargetSelligentError):
        wait_for(run.poll)
    with pytest.raises(TargetSelligentError):
        run.finish()


def wait_for(poll: Callable[[], None]) -> None:
    """Call `poll` until it raises."""
    while True:
        poll()


def test_a_rejected_record_can_be_replayed(tenant: Tenant, tmp_path: Path) -> None:
    """The rejects file of a program is one that `target-selligent-replay` gives the command."""
    path = tmp_path / "rejects.jsonl"
    with LoadRun(settings(tenant, rejects_path=str(path))) as run:
        run.open_stream("customers", SCHEMA, KEYS).take([{"key": "a"}, {"key": "b", "name": 5}])
    corrected = path.read_bytes().replace(b'"name":5', b'"name":"five"')
    tenant.run(corrected).succeeded()
    assert tenant.rows("KEY", "NAME") == [["a", None], ["b", "five"]]
