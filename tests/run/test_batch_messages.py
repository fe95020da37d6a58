"""BATCH messages: records in files end as records in messages do, and the files stay as they are."""

from __future__ import annotations

import gzip
import json
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from tests.support import RunningCommand, encode, records, run_in_shell, schema, state

if TYPE_CHECKING:
    from tests.support import FinishedRun, Message, Tenant

ROOT = Path(__file__).resolve().parents[2]
COUNT = 250
CREATING: dict[str, Any] = {
    "create_list_if_not_exists": True,
    "create_segment_if_not_exists": True,
    "segment_column": "seg",
    "batch_size_rows": 60,
}
FIELDS = ("CUSTOMER", "NAME", "NUMBER", "ORDERS", "SINCE", "TAGS", "VALUE")
SCHEMA = schema({"key": "string", "age": "integer"})


def load_from_tap(tenant: Tenant, folder: Path, **batch_config: Any) -> tuple[Any, ...]:
    """Pipe the SDK's tap into the target. Return all that can be seen of the run, and the names of the tap's files."""
    tenant.reset()
    folder.mkdir()
    rejects = folder / "rejects.jsonl"
    tap_config = folder / "tap.json"
    tap_config.write_text(json.dumps({"count": COUNT, **batch_config}))
    files = Path(
        str(batch_config.get("batch_config", {}).get("storage", {}).get("root", folder)).removeprefix("file://")
    )
    done = run_in_shell(
        f'{sys.executable} -m tests.support.batch_tap --config "{tap_config}" 2> "{folder}/log" | "$0" "$@"',
        tenant.config(**CREATING, rejects_path=str(rejects)),
        [],
        env={"PYTHONPATH": str(ROOT)},
    ).succeeded()
    written = [json.loads(line) for line in rejects.read_text(encoding="utf-8").splitlines()]
    return (
        tenant.rows(*FIELDS),
        {segment: tenant.members(segment, "ID") for segment in tenant.segments()},
        [(one["record_number"], one["code"]) for one in written if one["type"] == "RECORD"],
        [line for line in done.log if line.startswith(("List ", "Segment ", "rejected "))],
        done.states[-1],
        len([path for path in files.iterdir() if path.name.startswith("tap-batch--")]),
    )


def test_a_tap_of_the_sdk(tenant: Tenant, tmp_path: Path) -> None:
    """Records, lines and columns of one tap end in the same List, Segments, rejects, counts and STATE."""
    found = {
        name: load_from_tap(tenant, tmp_path / name, **config)
        for name, config in {
            "records": {},
            **{
                name: {
                    "batch_config": {
                        "encoding": {"format": name, "compression": "gzip" if name == "jsonl" else "none"},
                        "storage": {"root": f"{prefix}{tmp_path / name}/the files"},
                        "batch_size": 100,
                    }
                }
                for name, prefix in (("jsonl", ""), ("parquet", "file://"))
            },
        }.items()
    }
    *expected, files = found["records"]
    assert (len(expected[0]), len(expected[1]), len(expected[2]), files) == (248, 3, 2, 0)
    assert found["jsonl"] == (*expected, 3)
    assert found["parquet"] == (*expected, 3)


def batch(*urls: Path | str, stream: str = "customers", **more: Any) -> Message:
    """Return a BATCH message."""
    name = "parquet" if str(urls[0]).endswith(".parquet") else "jsonl"
    return {"type": "BATCH", "stream": stream, "encoding": {"format": name}, "manifest": list(map(str, urls)), **more}


def write(folder: Path, name: str, *rows: tuple[str | None, int | None]) -> Path:
    """Write rows with the columns key and age, as lines or as columns."""
    path = folder / name
    values = [{"key": key, "age": age} for key, age in rows]
    if name.endswith(".parquet"):
        parquet.write_table(pa.Table.from_pylist(values, pa.schema({"key": pa.string(), "age": pa.int64()})), path)
    else:
        lines = "".join(f"{json.dumps(one)}\n" for one in values).encode()
        path.write_bytes(gzip.compress(lines) if name.endswith(".gz") else lines)
    return path


def load(tenant: Tenant, *messages: Message, **settings: Any) -> FinishedRun:
    """Run the target for messages after the SCHEMA."""
    return tenant.run([SCHEMA, *messages], create_list_if_not_exists=True, **settings)


def test_the_order_is_kept(tenant: Tenant, tmp_path: Path) -> None:
    """The last record of a key wins, whether it comes in a message or in a file, in a file; the files stay."""
    files = [
        write(tmp_path, "1.jsonl", ("a", 1), ("b", 1), ("c", 1)),
        write(tmp_path, "2.parquet", ("b", 2), ("c", 2), ("d", 2)),
        write(tmp_path, "3.jsonl.gz", ("c", 3), ("d", 3)),
    ]
    before = [path.read_bytes() for path in files]
    messages = [*records("key age", ("a", 0), ("d", 0)), *map(batch, files), *records("key age", ("d", 4)), state(1)]
    done = load(tenant, *messages, batch_size_rows=1).succeeded()
    assert sorted(tenant.rows("KEY", "AGE")) == [["a", 1], ["b", 2], ["c", 3], ["d", 4]]
    assert done.states == [1]
    assert "List contacts: 11 read" in done.stderr
    assert [path.read_bytes() for path in files] == before


def test_a_file_that_cannot_be_read(tenant: Tenant, tmp_path: Path) -> None:
    """It ends the run with one line that names it; what comes before is loaded, and only its STATE is printed."""
    good = write(tmp_path, "good.parquet", ("b", 2))
    broken = write(tmp_path, "broken.jsonl.gz", *((f"k{number}", number) for number in range(50_000)))
    broken.write_bytes(broken.read_bytes()[:-20])
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"key": "c"}\n\n{"key": "d"\n{"key": "e"}\n')
    double = tmp_path / "double.parquet"
    parquet.write_table(pa.Table.from_arrays([pa.array(["c"]), pa.array(["d"])], names=["key", "key"]), double)
    for files, words in {
        (good, double): f"file {double} cannot be read: two columns have the name key",
        (good, tmp_path / "missing.jsonl"): f"file {tmp_path}/missing.jsonl cannot be read: it does not exist",
        (good, broken): f"file {broken} cannot be read: it is not a complete gzip file",
        (good, lines): f"line 3 of {lines} is not valid JSON",
    }.items():
        tenant.reset()
        done = load(tenant, *records("key age", ("a", 1)), state(1), *(batch(path) for path in files), state(2))
        assert words in done.error_line()
        assert done.states == [1]
        assert tenant.rows("KEY")[:2] == [["a"], ["b"]]
    assert tenant.rows("KEY") == [["a"], ["b"], ["c"]]


def test_a_state_covers_all_files_of_the_messages_before_it(tenant: Tenant, tmp_path: Path) -> None:
    """Killed at a STATE, a run has loaded what it covers; another run from there loads more."""
    messages: list[Message] = []
    for number in range(1, 6):
        rows = [(f"{number}-{key}", key) for key in range(1000)]
        files = [write(tmp_path, f"{number}.parquet", *rows[:500]), write(tmp_path, f"{number}.jsonl", *rows[500:])]
        messages += [*(batch(path) for path in files), state({"position": number})]
    tenant.create_list(KEY="Text(50)", AGE="Long")
    tenant.set_options(bulk_latency_ms=20)
    position = 0
    while position < 5:
        with RunningCommand(tenant.config(batch_size_rows=300, batch_max_age_seconds=1)) as command:
            command.write_in_background(encode([SCHEMA, *messages[3 * position :]]))
            command.read_state()
            command.process.kill()
            position = command.finish().position
        loaded = {key for (key,) in tenant.rows("KEY")}
        assert {f"{number}-{key}" for number in range(1, position + 1) for key in range(1000)} <= loaded
    assert len(loaded) == 5000


def test_messages_that_are_no_batch(tenant: Tenant, tmp_path: Path) -> None:
    """A message of another form, or before its SCHEMA, is one line."""
    path = write(tmp_path, "1.jsonl", ("a", 1))
    for message, words in (
        (batch(path, stream="others"), "line 2 of the input is a BATCH of stream others before its SCHEMA"),
        (batch(path, encoding={"format": "avro"}), "with an encoding that this target cannot read"),
        (batch(path, encoding={"format": "jsonl", "compression": "zstd"}), "with an encoding that this target"),
        (batch(path, manifest="1.jsonl"), "line 2 of the input is a BATCH message without a list of files"),
        ({"type": "BATCH", "stream": "customers"}, "line 2 of the input lacks encoding, manifest"),
    ):
        assert words in load(tenant, message).error_line()
    assert tenant.rows("KEY") == []


def test_stream_maps_rejects_and_the_dry_run(tenant: Tenant, tmp_path: Path) -> None:
    """What the SDK changes is changed, what cannot be loaded can be replayed, and a dry run counts rows of files."""
    files = [write(tmp_path, name, ("a", 1), ("b", None), (None, 3), ("d", 4)) for name in ("1.jsonl", "2.parquet")]
    maps = {"customers": {"key": "key", "age": "age + 1"}}
    found = []
    for path in files:
        tenant.reset()
        rejects = tmp_path / f"{path.name}.rejects"
        load(tenant, batch(path), stream_maps=maps, rejects_path=str(rejects)).succeeded()
        codes = [(one.get("code"), one.get("record")) for one in map(json.loads, rejects.read_text().splitlines())]
        found.append((tenant.rows("KEY", "AGE"), codes[1:]))
    assert found[0] == found[1]
    assert found[0][0] == [["a", 2], ["d", 5]]
    assert [code for code, _ in found[0][1]] == ["stream_map", "missing_key"]
    tenant.reset()
    messages = encode([SCHEMA, *map(batch, files), *records("key age", ("x", 1))])
    done = tenant.run(messages, "--dry-run", "--limit", "6", create_list_if_not_exists=True).succeeded()
    assert "List contacts: 6 read, 5 to load" in done.stderr


def test_versions_and_deleted_records(tenant: Tenant, tmp_path: Path) -> None:
    """A row that is marked as deleted is counted as such; a file whose message has a version names who stays."""
    columns = {"key": "string", "_sdc_deleted_at": "string"}
    path = tmp_path / "1.parquet"
    rows = {"key": ["a", "b"], "_sdc_deleted_at": [None, "2026-01-01T00:00:00Z"]}
    parquet.write_table(pa.table(rows), path)
    for mapping in ({}, {"_sdc_deleted_at": "GONE"}):
        done = tenant.run(
            [schema(columns), batch(path)], create_list_if_not_exists=True, field_mapping=mapping
        ).succeeded()
        assert "List contacts: 2 read, 1 sent" in done.stderr
        assert "1 deleted" in done.stderr
        tenant.reset()
    tenant.create_list(KEY="Text(50)", AGE="Long")
    tenant.load_rows("KEY", [["old"], ["a"]])
    files = [write(tmp_path, "2.parquet", ("a", 1), ("b", 2)), write(tmp_path, "3.jsonl", ("c", 3))]
    activate = {"type": "ACTIVATE_VERSION", "stream": "customers", "version": 2}
    messages = [activate, *(batch(path, version=2) for path in files), activate]
    tenant.run([SCHEMA, *messages], deleted_records="delete").succeeded()
    assert sorted(tenant.rows("KEY", "AGE")) == [["a", 1], ["b", 2], ["c", 3]]
    # As columns, rows would have no version.
    tenant.load_rows("KEY", [["old"]])
    tenant.run([SCHEMA, activate, batch(files[0], version=2), activate], deleted_records="delete").succeeded()
    assert sorted(tenant.rows("KEY")) == [["a"], ["b"]]


def test_the_place_of_a_broken_line_is_its_place_in_the_file(tenant: Tenant, tmp_path: Path) -> None:
    """Though the file is read in parts."""
    path = write(tmp_path, "1.jsonl", *((f"k{number:09}", number) for number in range(20_000)))
    lines = path.read_bytes().splitlines(keepends=True)
    assert sum(map(len, lines[:15_000])) > 1 << 18
    path.write_bytes(b"".join([*lines[:15_000], b'{"key": "c"\n', *lines[15_000:]]))
    assert f"line 15,001 of {path} is not valid JSON: " in load(tenant, batch(path)).error_line()


def test_a_stream_that_is_ignored(tenant: Tenant, tmp_path: Path) -> None:
    """Its rows are counted, whatever file they are in."""
    csv = tmp_path / "3.csv"
    csv.write_text("key,age\na,1\nb\nc,3\n")
    files = [write(tmp_path, "1.parquet", ("a", 1)), write(tmp_path, "2.jsonl", ("b", 2), ("c", 3)), csv]
    encodings: list[dict[str, Any]] = [{}, {}, {"encoding": {"format": "csv"}}]
    messages = [batch(path, **more) for path, more in zip(files, encodings, strict=True)]
    done = load(tenant, *messages, streams={"others": {}}, unlisted_streams="ignore").succeeded()
    assert "Stream customers: 6 ignored" in done.stderr
    assert tenant.lists() == {}


def test_another_place_of_the_files(tenant: Tenant, tmp_path: Path) -> None:
    """`batch_config.storage` says where the target sees the tap's folder, and what its storage needs to be opened."""
    write(tmp_path, "1.jsonl", ("a", 1))
    storage: dict[str, Any] = {"encoding": {"format": "jsonl"}, "storage": {"root": tmp_path.as_uri()}}
    load(tenant, batch("s3://bucket/files/1.jsonl"), batch_config=storage).succeeded()
    assert tenant.rows("KEY") == [["a"]]
    other = f"{tmp_path.as_uri()}-of-the-tap/1.jsonl"
    load(tenant, batch(other), batch_config=storage).succeeded()
    with zipfile.ZipFile(tmp_path / "files.zip", "w") as archive:
        archive.writestr("1.jsonl", '{"key": "b"}')
    storage["storage"] = {"root": "zip://", "params": {"fo": str(tmp_path / "files.zip")}}
    load(tenant, batch("zip://1.jsonl"), batch_config=storage).succeeded()
    assert tenant.rows("KEY") == [["a"], ["b"]]
