"""`target-selligent-load`: files end in the List as the same records from a tap do."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from tests.support import COMMAND, FinishedRun, run_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Tenant

LOAD = str(COMMAND.with_name("target-selligent-load"))
ROWS: list[dict[str, Any]] = [
    {"customer": "007", "name": "Zoë", "orders": 3, "since": datetime(2026, 1, 1, 12, tzinfo=timezone.utc)},
    {"customer": "008", "name": None, "orders": None, "since": None},
]
CREATING: dict[str, Any] = {"create_list_if_not_exists": True, "key_fields": ["customer"]}


def load(tenant: Tenant, *args: Path | str, **settings: Any) -> FinishedRun:
    """Run the command for files."""
    config = tenant.config(**{**CREATING, **settings})
    return run_command(*map(str, args), config=config, program=[LOAD])


def write_parquet(path: Path, rows: list[dict[str, Any]], **columns: pa.DataType) -> Path:
    """Write a file with row groups of one row."""
    schema = pa.schema(list(columns.items())) if columns else None
    parquet.write_table(pa.Table.from_pylist(rows, schema), path, row_group_size=1)
    return path


def test_parquet(tenant: Tenant, tmp_path: Path) -> None:
    """Files with the same columns are one stream; their types become fields, and the run ends as any other."""
    first = write_parquet(tmp_path / "people.2026.parquet", ROWS)
    more: list[dict[str, Any]] = [{"since": None, "orders": 5, "name": "Bo", "customer": "009"}, {"customer": None}]
    types = {"since": pa.timestamp("ms", tz="UTC"), "orders": pa.int32(), "name": pa.string(), "customer": pa.string()}
    second = write_parquet(tmp_path / "more.parquet", more, **types)
    rejects, report = tmp_path / "rejects.jsonl", tmp_path / "report.json"
    streams = {"people": {"static_fields": {"SOURCE": "{stream}"}}}
    done = load(tenant, first, second, rejects_path=str(rejects), report_path=str(report), streams=streams).succeeded()
    assert tenant.fields().items() >= {"CUSTOMER": "Text(500)", "ORDERS": "Long", "SINCE": "DateTime"}.items()
    assert tenant.rows("CUSTOMER", "NAME", "ORDERS", "SINCE", "SOURCE") == [
        ["007", "Zoë", 3, "2026-01-01T12:00:00Z", "people"],
        ["008", None, None, None, "people"],
        ["009", "Bo", 5, None, "people"],
    ]
    assert "List contacts: 4 read, 3 sent, 3 inserted" in done.stderr
    assert json.loads(report.read_text())["verdict"]
    assert [json.loads(line).get("record_number") for line in rejects.read_text().splitlines()][-1:] == [4]
    assert done.stdout == ""


def test_a_file_that_cannot_be_loaded_is_one_line(tenant: Tenant, tmp_path: Path) -> None:
    """It names the file. What is wrong with the command line ends it with 2, what is wrong with a file with 1."""
    people = write_parquet(tmp_path / "people.parquet", ROWS)
    others = write_parquet(tmp_path / "others.parquet", [{"customer": "007", "name": 7}])
    (tmp_path / "cut.parquet").write_bytes(people.read_bytes()[:-20])
    (tmp_path / "people.xlsx").touch()
    wrong_usage: dict[tuple[Path | str, ...], str] = {
        (people, tmp_path / "nobody.parquet"): "nobody.parquet does not exist",
        (tmp_path,): "is a directory: name the files in it",
        (tmp_path / "people.xlsx",): "people.xlsx has no known format",
    }
    for files, words in wrong_usage.items():
        done = load(tenant, *files)
        assert (done.returncode, words in done.stderr.splitlines()[-1]) == (2, True), done.stderr
    wrong_files: dict[tuple[Path | str, ...], str] = {
        (tmp_path / "cut.parquet",): f"file {tmp_path}/cut.parquet cannot be read: Parquet magic bytes not found",
        (people, others): f"file {others} has other columns than {people} (name, orders, since)",
        ("https://user:secret@127.0.0.1:9/a.parquet?sig=secret",): "file https://127.0.0.1:9/a.parquet cannot be read",
    }
    for files, words in wrong_files.items():
        done = load(tenant, *files)
        assert words in done.error_line()
        assert "secret" not in done.stderr
    assert "it has no key properties: name the fields" in load(tenant, people, key_fields=[]).error_line()
    assert tenant.lists() == {}


def test_what_comes_before_a_broken_place_is_loaded(tenant: Tenant, tmp_path: Path) -> None:
    """A file that breaks in the middle ends the run with 1; its rows before are loaded."""
    rows = [{"customer": f"{number:06}", "name": f"{number * 7919 % 100_003}"} for number in range(40_000)]
    path = tmp_path / "people.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=20_000)
    broken = bytearray(path.read_bytes())
    start = parquet.ParquetFile(path).metadata.row_group(1).column(0).dictionary_page_offset
    broken[start : start + 200] = b"\xff" * 200
    path.write_bytes(broken)
    assert f"file {path} cannot be read" in load(tenant, path).error_line()
    assert len(tenant.rows("CUSTOMER")) == 16_384


def test_a_dry_run_of_a_file(tenant: Tenant, tmp_path: Path) -> None:
    """Options of a dry run work as for messages; nothing is written."""
    people = write_parquet(tmp_path / "people.parquet", ROWS)
    done = load(tenant, people, "--dry-run", "--limit", "1", "--show-values", "--stream", "customers").succeeded()
    assert 'First row of stream customers, for List contacts: {"CUSTOMER": "007", "NAME": "Zoë"' in done.stderr
    assert "List contacts: 1 read, 1 to load" in done.stderr
    done = load(tenant, people, "--dry-run", key_fields=["nobody"])
    assert (done.returncode, "key field nobody is not among the fields" in done.stderr) == (1, True)
    assert tenant.lists() == {}


def test_what_the_sdk_changes_is_changed(tenant: Tenant, tmp_path: Path) -> None:
    """Stream maps and metadata columns act on the rows of a file as on records."""
    people = write_parquet(tmp_path / "people.parquet", ROWS)
    maps = {"people": {"customer": "customer", "name": "name.upper()", "total": "int(orders or 0) + 1"}}
    load(tenant, people, stream_maps=maps, rejects_path=str(tmp_path / "rejects.jsonl")).succeeded()
    assert tenant.rows("CUSTOMER", "NAME", "TOTAL") == [["007", "ZOË", 4]]
    (reject,) = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()][1:]
    assert (reject["code"], reject["record"]["customer"]) == ("stream_map", "008")
