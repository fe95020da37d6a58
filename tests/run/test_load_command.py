"""`target-selligent-load`: files end in the List as the same records from a tap do."""

from __future__ import annotations

import gzip
import json
import signal
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support import COMMAND, FinishedRun, RunningCommand, run_command

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


def tenant_variables(tenant: Tenant) -> dict[str, str]:
    """Return the settings as environment variables."""
    config = tenant.config(create_list_if_not_exists="true", key_fields="customer")
    return {f"TARGET_SELLIGENT_{name.upper()}": str(value) for name, value in config.items()}


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
    """Its options are those for messages, settings may be variables, and the command can be two words."""
    people = write_parquet(tmp_path / ".people#1?.parquet", ROWS)
    done = load(tenant, people, "--dry-run").succeeded()
    assert "First row of stream people#1?, for List contacts: CUSTOMER (text), NAME (text)" in done.stderr
    done = load(tenant, people, "--dry-run", "--limit", "1", "--show-values", "--stream", "customers").succeeded()
    assert 'First row of stream customers, for List contacts: {"CUSTOMER": "007", "NAME": "Zoë"' in done.stderr
    assert "List contacts: 1 read, 1 to load" in done.stderr
    done = run_command("load", "--config=ENV", "--dry-run", str(people), env=tenant_variables(tenant)).succeeded()
    assert "List contacts: 2 read, 2 to load" in done.stderr
    assert run_command("load", "--about").returncode == 2
    done = load(tenant, people, "--dry-run", key_fields=["nobody"])
    assert (done.returncode, "key field nobody is not among the fields" in done.stderr) == (1, True)
    assert tenant.lists() == {}


def test_a_dry_run_ends_before_a_broken_row(tenant: Tenant, tmp_path: Path) -> None:
    """The limit counts rows that would be rejected, too."""
    path = tmp_path / "people.csv"
    path.write_text("customer,name\n1,a\n2\n3,c\n")
    for limit, counts in (("1", "1 read, 1 to load"), ("2", "2 read, 1 to load, 1 rejected")):
        done = load(tenant, path, "--dry-run", "--limit", limit).succeeded()
        assert f"List contacts: {counts}\n" in done.stderr


def test_what_the_sdk_changes_is_changed(tenant: Tenant, tmp_path: Path) -> None:
    """Stream maps and metadata columns act on the rows of a file as on records."""
    people = write_parquet(tmp_path / "people.parquet", ROWS)
    maps = {"people": {"customer": "customer", "name": "name.upper()", "total": "int(orders or 0) + 1"}}
    load(tenant, people, stream_maps=maps, rejects_path=str(tmp_path / "rejects.jsonl")).succeeded()
    assert tenant.rows("CUSTOMER", "NAME", "TOTAL") == [["007", "ZOË", 4]]
    (reject,) = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()][1:]
    assert (reject["code"], reject["record"]["customer"]) == ("stream_map", "008")


def test_csv(tenant: Tenant, tmp_path: Path) -> None:
    """Cells are text that the fields of the List convert; an empty one is null; a broken row is rejected."""
    tenant.create_list(
        CUSTOMER="Text(20)", NAME="Text(50)", ORDERS="Long", VALUE="Float", VIP="Boolean", SINCE="DateTime", BORN="Date"
    )
    header = "customer;name;orders;value;vip;since;born"
    rows = [
        '007;"Müller; ""Zoë""";42;0.5;true;2026-01-01 12:00;1990-02-03',
        "008;;;;;;",
        "009;one cell too many;1;1;false;2026-01-01;1990-02-03;x",
        "010;no number;many;1;false;2026-01-01;1990-02-03",
        "",
        "",
        ";;;;;;",
    ]
    people = tmp_path / "people.csv.gz"
    people.write_bytes(gzip.compress("\r\n".join([header, *rows]).encode("utf-8-sig")))
    more = tmp_path / "more.csv"
    more.write_text("name,customer,orders,value,vip,since,born\nBo,011,42,1e3,FALSE,,\n")
    rejects = tmp_path / "rejects.jsonl"
    done = load(tenant, people, more, rejects_path=str(rejects)).succeeded()
    assert tenant.rows("CUSTOMER", "NAME", "ORDERS", "VALUE", "VIP", "SINCE", "BORN") == [
        ["007", 'Müller; "Zoë"', 42, 0.5, True, "2026-01-01T12:00:00Z", "1990-02-03"],
        ["008", None, None, None, None, None, None],
        ["011", "Bo", 42, 1000.0, False, None, None],
    ]
    written = [json.loads(line) for line in rejects.read_text().splitlines()][1:]
    assert [(one["code"], one["record_number"], one["record"]["customer"]) for one in written] == [
        ("bad_row", 3, "009"),
        ("invalid_value", 4, "010"),
    ]
    assert "List contacts: 5 read, 3 sent" in done.stderr
    corrected = rejects.read_text().replace('"many"', '"7"').replace(', "cell 8": "x"', "")
    rejects.write_text(corrected)
    replayed = run_command(str(rejects), program=[str(COMMAND.with_name("target-selligent-replay"))]).succeeded()
    tenant.run(replayed.stdout.encode(), key_fields=["customer"]).succeeded()
    assert len(tenant.rows("CUSTOMER")) == 5
    more.write_text('customer,name,orders,value,vip,since,born\n012,Cy,1,1,true,,\n013,"Di')
    assert f"row 3 of {more} cannot be read" in load(tenant, more).error_line()
    assert ["012"] in tenant.rows("CUSTOMER")


def test_lines_of_json(tenant: Tenant, tmp_path: Path) -> None:
    """The schema is that of all lines; a missing value stays; a broken line is found before the load."""
    people = tmp_path / "people.jsonl.gz"
    lines = [
        '{"customer": "007", "name": "Zoë", "number": 12345678901234567890123, "tags": ["a"]}',
        '{"customer": "008", "value": 1}',
        '{"customer": "009", "value": 0.5, "number": "x"}',
    ]
    people.write_bytes(gzip.compress("\n".join(lines).encode()))
    more = tmp_path / "more.ndjson"
    more.write_text('{"customer": "007", "vip": true}\n')
    load(tenant, people, more).succeeded()
    types = {"CUSTOMER": "Text(500)", "NUMBER": "Text(500)", "TAGS": "Json", "VALUE": "Float", "VIP": "Boolean"}
    assert tenant.fields().items() >= types.items()
    assert sorted(tenant.rows("CUSTOMER", "NAME", "NUMBER", "TAGS", "VALUE", "VIP")) == [
        ["007", "Zoë", "12345678901234567890123", '["a"]', None, True],
        ["008", None, None, None, 1.0, None],
        ["009", None, "x", None, 0.5, None],
    ]
    more.write_text('{"customer": "010"}\n{"customer": "011"\n')
    assert f"line 2 of {more} is not valid JSON" in load(tenant, people, more).error_line()
    more.write_text('{"type": "SCHEMA", "stream": "people", "schema": {}}\n')
    assert f"line 1 of {more} is a message of a tap" in load(tenant, more).error_line()
    assert len(tenant.rows("CUSTOMER")) == 3
    more.write_text("")
    load(tenant, more).succeeded()
    assert load(tenant, people, write_parquet(tmp_path / "a.parquet", ROWS)).returncode == 2


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_signal_ends_it_in_order(tenant: Tenant, tmp_path: Path, ending: str) -> None:
    """What was read until then is loaded, the rest of the file is not read, and the exit code says why."""
    path = tmp_path / f"people.{ending}"
    rows = [{"customer": str(number)} for number in range(200_000)]
    if ending == "csv":
        path.write_text("customer\n" + "\n".join(row["customer"] for row in rows))
    else:
        parquet.write_table(pa.Table.from_pylist(rows), path)
    tenant.create_list(CUSTOMER="Text(20)")
    tenant.set_options(latency_ms=50)
    config = tenant.config(**CREATING, batch_size_rows=1000)
    with RunningCommand(config, str(path), program=[LOAD]) as command:
        assert command.wait_until(lambda: bool(tenant.rows("CUSTOMER")))
        command.process.send_signal(signal.SIGTERM)
        done = command.finish()
    assert (done.returncode, "Traceback" in done.stderr) == (128 + signal.SIGTERM, False)
    # There is no STATE that the next run could start from.
    assert "Stopped by signal 15: load the files again" in done.stderr
    loaded = len(tenant.rows("CUSTOMER"))
    assert 0 < loaded < len(rows)
    assert f"List contacts: {loaded:,} read, {loaded:,} sent" in done.stderr
