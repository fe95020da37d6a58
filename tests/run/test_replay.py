"""Rejects that are replayed once their cause is gone: List and Segments end as if nothing had been refused."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import encode, record, records, run_target, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Message, Tenant

SEGMENTS = {"type": ["array", "null"], "items": {"type": "string"}}
LOAD = "/contacts/data/load$"
JOIN = "/segments/[^/]+/data/load$"


def replayed(path: Path, *options: str) -> tuple[bytes, str]:
    """Return what the command prints, and what it says."""
    command = [sys.executable, "-m", "target_selligent.commands.replay", *options, str(path)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return done.stdout, done.stderr.decode()


def _required(messages: list[Message]) -> list[Message]:
    messages[0]["schema"]["required"] = ["key", "name"]
    return messages


CASES: dict[str, tuple[list[Message], dict[str, Any]]] = {
    "text": (
        [schema({"key": "string", "name": "string", "seg": "string"}),
         *records("key name seg", ("a", "Ann", "s"), ("b", "Bob", "s"), ("c", "Cid", "t"))],
        {"segment_column": "seg"},
    ),
    "arrays": (
        [schema({"key": "string", "name": "string", "segs": SEGMENTS}),
         *records("key name segs", ("a", "Ann", ["s", "t"]), ("b", "Bob", ["s"]), ("c", "Cid", ["t"]))],
        {"segment_column": "segs"},
    ),
    "required columns": (
        _required([schema({"key": "string", "name": {"type": "string"}, "seg": "string"}),
                   *records("key name seg", ("a", "Ann", "s"), ("b", "Bob", "s"), ("c", "Cid", "t"))]),
        {"segment_column": "seg"},
    ),
    "whole numbers as text": (
        [schema({"key": {"type": "integer"}, "name": "string", "seg": "string"}),
         *records("key name seg", (1, "Ann", "s"), (2, "Bob", "s"), (3, "Cid", "t"))],
        {"segment_column": "seg"},
    ),
    "stream maps": (
        [schema({"key": "string", "name": "string", "seg": "string"}),
         *records("key name seg", ("a", "Ann", "s"), ("b", "Bob", "s"), ("c", "Cid", "t"))],
        {"segment_column": "goes_to", "key_fields": "KEY",
         "stream_maps": {"customers": {"__alias__": "people", "key": "'p-' + key", "name": "name", "goes_to": "seg",
                                       "seg": "__NULL__"}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", [LOAD, JOIN], ids=["of the List", "of Segments"])
@pytest.mark.parametrize("name", CASES)
def test_what_was_refused_is_there_after_a_replay(tenant: Tenant, tmp_path: Path, name: str, path: str) -> None:
    """Refused rows of List and Segments are replayed into the same contents as those of an undisturbed run."""
    messages, settings = CASES[name]
    settings = {**settings, "create_segment_if_not_exists": True}
    for name_of_list in ("model", "contacts"):
        tenant.create_list(name_of_list, KEY="Text(20)", NAME="Text(20)")
    tenant.run(messages, **settings, list_api_name="model").succeeded()
    rejects = tmp_path / "rejects.jsonl"
    tenant.add_fault("partial", path=path, rows=[0, 1], times=1)
    run = tenant.run([*messages, state({"a": 1})], **settings, rejects_path=str(rejects))
    assert run.states == [{"a": 1}], run.stderr
    content, said = replayed(rejects)
    assert said == ""
    tenant.run(content, **settings, rejects_path=str(rejects)).succeeded()

    assert sorted(tenant.rows("KEY", "NAME")) == sorted(tenant.rows("KEY", "NAME", list_api_name="model"))
    for segment in ("s", "t"):
        assert tenant.members(segment, "KEY") == tenant.members(segment, "KEY", "model")


def test_lines_are_as_they_came(tenant: Tenant, tmp_path: Path) -> None:
    """What a replay prints is the tap's own text, to the byte, behind the SCHEMA it came with."""
    described = schema({"key": "string", "number": "number"})
    lines = [
        b'{"type":"RECORD", "stream":"customers","time_extracted":"2020-01-01","record":{"key":"a","number":1e400}}',
        b'{"stream": "customers", "record": {"number": NaN, "key": "b"}, "type": "RECORD", "version": 3}',
        b'{"type": "RECORD", "stream": "customers", "record": {"key": "\\ud800"}}',
    ]
    rejects = tmp_path / "rejects.jsonl"
    settings: dict[str, Any] = {"create_list_if_not_exists": True, "rejects_path": str(rejects)}
    content = encode([described]) + b"\n".join([*lines, *encode(records("key", ("ok",))).splitlines()]) + b"\n"
    tenant.run(content, **settings).succeeded()
    printed = replayed(rejects)[0].splitlines()
    assert json.loads(printed[0]).items() >= described.items()
    assert printed[1:] == lines
    # What is rejected again stays what it was.
    tenant.run(b"\n".join(printed) + b"\n", **settings)
    assert replayed(rejects)[0].splitlines()[1:] == lines * 2


def test_newer_records_of_a_key_win_over_what_is_replayed(tenant: Tenant, tmp_path: Path) -> None:
    """A record that was loaded after a rejected one of its key is what the List holds after the replay, too."""
    tenant.create_list(KEY="Text(9)", NAME="Text(9)", AGE="Long")
    rejects = tmp_path / "rejects.jsonl"
    tenant.add_fault("partial", path=LOAD, rows=[0], times=1)
    described = schema({"key": "string", "name": "string", "age": "integer"})
    old = [record({"key": "a", "name": "old", "age": 7}), record({"key": "b", "name": "b", "age": 1})]
    new = [record({"key": "a", "name": "new"}), record({"key": "b", "name": "c"})]
    settings: dict[str, Any] = {"rejects_path": str(rejects), "batch_size_rows": 2}
    run = tenant.run([described, *old, *new], **settings).succeeded()
    assert "rejected 1 records" in run.log[-1]
    tenant.run(replayed(rejects)[0], **settings).succeeded()
    assert sorted(tenant.rows("KEY", "NAME", "AGE")) == [["a", "new", 7], ["b", "c", 1]]


def test_a_newer_record_of_the_same_key_in_another_case_wins(tenant: Tenant, tmp_path: Path) -> None:
    """What Selligent may take for one key is one key: its newer record is loaded again behind the rejected one."""
    tenant.create_list(KEY="Text(9)", NAME="Text(9)")
    rejects = tmp_path / "rejects.jsonl"
    tenant.add_fault("partial", path=LOAD, rows=[0], times=1)
    messages = [schema({"key": "string", "name": "string"}), *records("key name", ("Bob@x", "old"), ("bob@x", "new"))]
    settings: dict[str, Any] = {"rejects_path": str(rejects), "batch_size_rows": 1}
    tenant.run(messages, **settings).succeeded()
    again = [json.loads(line) for line in replayed(rejects)[0].splitlines()]
    assert [line["record"]["name"] for line in again if line["type"] == "RECORD"] == ["old", "new"]


def test_newer_records_are_found_by_the_key_that_stream_maps_make(tenant: Tenant, tmp_path: Path) -> None:
    """A record that is rejected before it is sent is known by the key that it would have been sent with."""
    tenant.create_list(KEY="Text(9)", AGE="Long")
    rejects = tmp_path / "rejects.jsonl"
    settings: dict[str, Any] = {
        "rejects_path": str(rejects),
        "stream_maps": {"customers": {"key": "'p-' + key", "age": "age"}},
    }
    described = schema({"key": "string", "age": "integer"})
    messages = [described, *records("key age", ("a", "old"), ("a", 2), ("b", 3))]
    tenant.run(messages, **settings).succeeded()
    assert replayed(rejects)[0].splitlines()[1:] == encode(records("key age", ("a", "old"), ("a", 2))).splitlines()


def test_a_member_that_is_replayed_leaves_the_list_alone(tenant: Tenant, tmp_path: Path) -> None:
    """A Segment's reject holds the key only: what another load wrote meanwhile stays, and no Segment is emptied."""
    tenant.create_list(KEY="Text(9)", NAME="Text(9)")
    rejects = tmp_path / "rejects.jsonl"
    tenant.add_fault("partial", path=JOIN, rows=[0], times=1)
    settings: dict[str, Any] = {
        "segment_column": "seg",
        "create_segment_if_not_exists": True,
        "segment_data_import_option": "replace",
        "rejects_path": str(rejects),
    }
    described = schema({"key": "string", "name": "string", "seg": "string"})
    messages = [described, *records("key name seg", ("a", "old", "s"), ("b", "old", "s"))]
    tenant.run(messages, **settings).succeeded()
    tenant.load_rows("KEY,NAME", [["a", "newer"]])
    tenant.run(replayed(rejects)[0], **settings).succeeded()
    assert sorted(tenant.rows("KEY", "NAME")) == [["a", "newer"], ["b", "old"]]
    assert tenant.members("s", "KEY") == ["a", "b"]


def test_half_a_line_does_no_harm(tenant: Tenant, tmp_path: Path) -> None:
    """What a full disk cut off is left out with a warning, and the next run's first line is whole."""
    rejects = tmp_path / "rejects.jsonl"
    messages = [schema({"key": "string"}), record({"key": None})]
    settings: dict[str, Any] = {"create_list_if_not_exists": True, "rejects_path": str(rejects)}
    tenant.run(messages, **settings)
    whole = rejects.read_bytes()
    rejects.write_bytes(whole + whole[:-40])
    content, said = replayed(rejects)
    assert content.count(b"RECORD") == 1
    assert "1 lines are not complete messages" in said
    tenant.run(messages, **settings)
    content, said = replayed(rejects)
    assert content.count(b"RECORD") == 2
    assert "1 lines are not complete messages" in said


def test_the_command_may_feed_the_target_that_appends_to_its_file(tenant: Tenant, tmp_path: Path) -> None:
    """Only what is in the file at the start is replayed; once it is moved, new rejects have a new file."""
    rejects = tmp_path / "rejects.jsonl"
    config = tenant.config(create_list_if_not_exists=True, rejects_path=str(rejects))
    messages = [schema({"key": "string"}), *records("key", *((None,) for _ in range(300)))]
    run_target(config, messages)
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for option, lines in (("", 602), ("--move", 301)):
        pipe = (
            f"{sys.executable} -m target_selligent.commands.replay {option} {rejects} | "
            f"{sys.executable} -m target_selligent --config {tmp_path / 'config.json'}"
        )
        subprocess.run(["/bin/sh", "-c", pipe], check=False, capture_output=True, timeout=60)
        if option:
            assert len(rejects.read_bytes().splitlines()) >= lines
            assert len(list(tmp_path.glob("rejects.jsonl.*"))) == 1
        else:
            assert len(rejects.read_bytes().splitlines()) == lines


def test_streams_and_runs_can_be_chosen(tenant: Tenant, tmp_path: Path) -> None:
    """--stream and --run-id leave the others out."""
    rejects = tmp_path / "rejects.jsonl"
    messages = [
        schema({"key": "string"}), schema({"key": "string"}, stream="others"),
        record({"key": None}), record({"key": None}, "others"),
    ]  # fmt: skip
    settings: dict[str, Any] = {
        "create_list_if_not_exists": True,
        "rejects_path": str(rejects),
        "streams": {"others": {"list_api_name": "others"}},
    }
    tenant.run(messages, **settings)
    tenant.run(messages, **settings)
    ids = [json.loads(line).get("run_id") for line in rejects.read_text(encoding="utf-8").splitlines()]
    assert replayed(rejects)[0].count(b'"RECORD"') == 4
    assert replayed(rejects, "--stream", "others")[0].count(b'"RECORD"') == 2
    assert replayed(rejects, "--stream", "others", "--run-id", ids[-1])[0].count(b'"RECORD"') == 1
