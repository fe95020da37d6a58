"""`take_arrow`: columns of Arrow end in the same List, Segments, rejects, STATE and counts as records do."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from target_selligent import LoadRun, Settings
from target_selligent.errors import InputError, RunStoppedError
from target_selligent.records import to_json_schema

from .arrow_table import COMPARED, CONFIG, ROWS, SCHEMA, START, TABLE, rejected, row

if TYPE_CHECKING:
    from tests.support import Tenant


def records() -> list[dict[str, Any]]:
    """Return the rows of the table as Python objects; those of maps are dicts."""
    found: list[dict[str, Any]] = TABLE.to_pylist(maps_as_pydicts="strict")
    return found


def load(tenant: Tenant, path: Path, *, as_columns: bool, **config: Any) -> tuple[Any, ...]:
    """Load the table, and return all that can be seen of the run and of the List."""
    tenant.reset()
    states: list[Any] = []
    with LoadRun(
        Settings.from_config(tenant.config(**{**CONFIG, "rejects_path": str(path), **config})), states.append
    ) as run:
        if as_columns:
            stream = run.open_stream("people", SCHEMA, ["key"])
            stream.take_arrow(TABLE)
        else:
            stream = run.open_stream("people", to_json_schema(SCHEMA, "people"), ["key"])
            stream.take(records())
        run.note_state({"rows": ROWS})
    return (
        tenant.fields(),
        tenant.rows(*sorted(COMPARED.intersection(tenant.fields()))),
        {segment: tenant.members(segment, "ID") for segment in tenant.segments()},
        rejected(path),
        str(run.report),
        states,
    )


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"records_without_segment": "skip"},
        {"validate_records": True, "static_fields": {"SOURCE": "{stream} {segment}"}},
        {"deduplication": "ImportFirstMatch"},
        {"load_list": True, "segment_data_import_option": "mirror"},
        {"key_fields": ["key"], "alternate_key_fields": ["name"]},
        {"field_mapping": {"born": None, "name": "FIRST_NAME"}},
        {"max_request_bytes": 5000, "static_fields": {"SOURCE": "{stream}"}},
        {"list_data_import_option": "OnlyInsert", "load_list": True},
    ],
    ids=["defaults", "skip", "static", "first match", "mirror", "alternate key", "mapping", "small requests", "spool"],
)
def test_columns_end_as_records_do(tenant: Tenant, tmp_path: Path, config: dict[str, Any]) -> None:
    """The List, its fields and Segments, the rejects with their numbers, the STATE and all counts are the same."""
    from_records = load(tenant, tmp_path / "records.jsonl", as_columns=False, **config)
    from_columns = load(tenant, tmp_path / "columns.jsonl", as_columns=True, **config)
    for *_, record in (*from_records[3], *from_columns[3]):
        # A zone is written as its offset there, as UTC here.
        record["at"] = record["at"] and datetime.fromisoformat(record["at"].replace("Z", "+00:00"))
    assert from_columns == from_records
    assert {code for _, code, _, _ in from_records[3]} >= {"schema"}
    assert len(from_records[1]) > 2800


def test_rows_are_the_same_bytes_as_those_of_records(tenant: Tenant, tmp_path: Path) -> None:
    """So a stream that comes as columns one night has not changed: the fingerprints of its rows are those of before."""
    settings = Settings.from_config(
        tenant.config(**{**CONFIG, "changes_only": True, "snapshot_path": str(tmp_path / "snapshot.db")})
    )
    good = slice(10, 1000)
    with LoadRun(settings) as run:
        run.open_stream("people", to_json_schema(SCHEMA, "people"), ["key"]).take(records()[good])
    assert run.report.acknowledged == 990
    changed = row(20) | {"orders": 7}
    table = pa.concat_tables([TABLE.slice(10, 990), pa.Table.from_pylist([changed], SCHEMA)])
    with LoadRun(settings) as run:
        run.open_stream("people", SCHEMA, ["key"]).take_arrow(table)
    assert "990 unchanged" in str(run.report)
    assert "1 changed" in str(run.report)


def test_good_rows_are_not_processed_one_by_one(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that cannot be loaded are found by halving. If they are many, later batches are processed as records."""
    taken: list[int] = []
    with LoadRun(Settings.from_config(tenant.config(**CONFIG))) as run:
        stream = run.open_stream("people", SCHEMA, ["key"])
        take = type(stream).take

        def note(self: Any, rows: Any) -> None:
            rows = list(rows)
            taken.append(len(rows))
            take(self, rows)

        monkeypatch.setattr(type(stream), "take", note)
        stream.take_arrow(TABLE.slice(100, 1300))
        assert taken == [325]
        stream.take_arrow(TABLE)
        assert TABLE.num_rows / 2 < sum(taken[1:]) < TABLE.num_rows
        stream.take_arrow(TABLE.slice(100, 50))
        assert taken[-1] == 50


def test_a_rejected_row_can_be_replayed(tenant: Tenant, tmp_path: Path) -> None:
    """Corrected, its line in the rejects file is input for the command; also if Selligent refused it."""
    path = tmp_path / "rejects.jsonl"
    tenant.create_list(KEY="Text(50)", NAME="Text(50)", AT="DateTime")
    rows = {"key": ["a", "b", None], "name": ["x", "refused " * 100, "z"], "at": [START] * 3}
    with LoadRun(Settings.from_config(tenant.config(rejects_path=str(path)))) as run:
        table = pa.table(rows)
        run.open_stream("people", table.schema, ["key"]).take_arrow(table)
    assert [(number, record["key"]) for number, _, _, record in sorted(rejected(path))] == [(2, "b"), (3, None)]
    corrected = path.read_bytes().replace(b"refused " * 100, b"y").replace(b'"key":null', b'"key":"c"')
    tenant.run(corrected).succeeded()
    assert sorted(tenant.rows("KEY", "NAME")) == [["a", "x"], ["b", "y"], ["c", "z"]]
    assert len({at for (at,) in tenant.rows("AT")}) == 1


def test_a_schema_of_the_program_counts(tenant: Tenant, tmp_path: Path) -> None:
    """Rows must fit the JSON Schema with which the stream was opened, whatever the types of Arrow are."""
    path = tmp_path / "rejects.jsonl"
    schema = {"properties": {"key": {"type": "string"}, "name": {"type": "string", "maxLength": 3}}}
    batch = pa.RecordBatch.from_pydict({"key": ["a", "b", "c"], "name": ["abc", "abcd", None], "more": [1, 2, 3]})
    with LoadRun(Settings.from_config(tenant.config(create_list_if_not_exists=True, rejects_path=str(path)))) as run:
        run.open_stream("people", schema, ["key"]).take_arrow(batch)
    assert tenant.rows("KEY", "NAME") == [["a", "abc"]]
    assert [(number, code) for number, code, _, _ in rejected(path)] == [(2, "schema"), (3, "schema")]


OTHER_TYPES = {
    "KEY": "Text(20)",
    "AT": "DateTime",
    "BORN": "Date",
    "ORDERS": "Long",
    "VALUE": "Float",
    "VIP": "Boolean",
    "NAME": "Text(20)",
}
TEXTS = {
    "key": ["a", "b", "c", "d", "e", "f"],
    "at": ["2026-01-01T12:00:00+02:00", "2026-01-31", None, None, None, "tomorrow"],
    "born": ["1990-01-31", None, "1990-01-31T12:00:00+02:00", "someday", None, None],
    "orders": ["7", None, None, None, "1,5", None],
    "value": ["12.50", None, None, None, None, None],
    "vip": ["true", "false", None, None, None, None],
}


@pytest.mark.parametrize("validate", [True, False])
def test_text_is_converted_to_the_fields_of_the_list(tenant: Tenant, tmp_path: Path, *, validate: bool) -> None:
    """As that of records is: instants to UTC, days and numbers checked. A dictionary may hold its null as a value."""
    table = pa.table(TEXTS).append_column(
        "name", pa.DictionaryArray.from_arrays(pa.array([0, 0, 0, 0, 0, 1], pa.int8()), pa.array(["x", None]))
    )
    schema = dict(to_json_schema(table.schema, "people")["properties"], name={"type": "string"})
    found = []
    for as_columns in (False, True):
        tenant.reset()
        tenant.create_list(**OTHER_TYPES)
        path = tmp_path / f"{as_columns}.jsonl"
        settings = tenant.config(validate_records=validate, rejects_path=str(path))
        with LoadRun(Settings.from_config(settings)) as run:
            stream = run.open_stream("people", {"properties": schema}, ["key"])
            if as_columns:
                # A row that cannot be loaded would have those near it processed as records.
                for batch in table.to_batches(max_chunksize=1):
                    stream.take_arrow(batch)
            else:
                stream.take(table.to_pylist())
        found.append((tenant.rows(*OTHER_TYPES), rejected(path), str(run.report)))
    assert found[1] == found[0]
    assert found[0][0][0] == ["a", "2026-01-01T10:00:00Z", "1990-01-31", 7, 12.5, True, "x"]
    assert [number for number, *_ in found[0][1]] == [3, 4, 5, 6]


def test_binary_columns_are_refused_before_anything_is_created(tenant: Tenant) -> None:
    """The error names the column; no List is created."""
    schema = pa.schema([("key", pa.string()), ("photo", pa.binary())])
    with (
        pytest.raises(InputError, match="column photo has the type binary"),
        LoadRun(Settings.from_config(tenant.config(create_list_if_not_exists=True))) as run,
    ):
        run.open_stream("people", schema, ["key"])
    assert tenant.lists() == {}


def test_an_ignored_stream_counts_its_rows(tenant: Tenant) -> None:
    """A stream that is not loaded takes columns, too."""
    settings = Settings.from_config(
        tenant.config(create_list_if_not_exists=True, streams={"people": {}}, unlisted_streams="ignore")
    )
    with LoadRun(settings) as run:
        run.open_stream("people", SCHEMA, ["key"]).take_arrow(TABLE.slice(10, 3))
        others = run.open_stream("others", SCHEMA, ["key"])
        others.take_arrow(TABLE)
        others.take_arrow(TABLE.to_batches(max_chunksize=700))
    assert others.records_read == 2 * ROWS
    assert len(tenant.rows("KEY")) == 3


def test_the_documented_example(tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program of `docs/python.md` loads a Parquet file."""
    page = Path(__file__).resolve().parents[2] / "docs" / "python.md"
    (program,) = re.findall(r"^```py\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    parquet.write_table(pa.table({"customer_identifier": ["C101", "C204"]}), tmp_path / "customers.parquet")
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_config(tenant.config(create_list_if_not_exists=True))
    exec(program, {"LoadRun": LoadRun, "settings": settings})  # noqa: S102 - our own page
    assert tenant.rows("CUSTOMER_IDENTIFIER") == [["C101"], ["C204"]]


def test_a_number_that_no_column_of_its_type_holds(tenant: Tenant) -> None:
    """Only its row is rejected."""
    values = [Decimal(number) for number in range(2000)]
    values[1200] = Decimal(10**20)
    table = pa.table(
        {"key": [f"k{number}" for number in range(2000)], "orders": pa.array(values, pa.decimal128(38, 0))}
    )
    tenant.create_list(KEY="Text(20)", ORDERS="Long")
    with LoadRun(Settings.from_config(tenant.config())) as run:
        run.open_stream("people", table.schema, ["key"]).take_arrow(table)
    assert run.look().rejected == 1
    assert sorted(tenant.rows("ORDERS")) == [[number] for number in range(2000) if number != 1200]


def test_a_stopped_run_takes_no_more_columns(tenant: Tenant) -> None:
    """After `stop`, `take_arrow` raises; what was taken before is loaded."""
    settings = Settings.from_config(tenant.config(create_list_if_not_exists=True))
    with LoadRun(settings) as run:
        stream = run.open_stream("people", SCHEMA, ["key"])
        stream.take_arrow(TABLE.slice(10, 3))
        run.stop()
        with pytest.raises(RunStoppedError, match="stopped"):
            stream.take_arrow(TABLE.slice(20, 3))
    assert len(tenant.rows("KEY")) == 3
