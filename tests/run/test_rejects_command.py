"""What is in a rejects file: counted without values, shown with them, replayed in part."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import records, run_target, schema

if TYPE_CHECKING:
    from tests.support import Tenant

SCHEMA = schema({"key": "string", "mail": {"type": "string", "maxLength": 20}})
ROWS = records(
    "key mail",
    ("a", "someone.with.a.long.name@example.com"),
    (None, "eve@example.com"),
    ("b", "bob@example.com"),
    ("c", "another.with.a.long.name@example.com"),
)
COMMAND = str(Path(sys.executable).with_name("target-selligent-rejects"))


def run(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run([COMMAND, *args], capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def rejects(tenant: Tenant, tmp_path: Path) -> Path:
    """A rejects file with two records of one reason and one of another."""
    path = tmp_path / "rejects.jsonl"
    tenant.run([SCHEMA, *ROWS], create_list_if_not_exists=True, rejects_path=str(path)).succeeded()
    return path


def test_counts_by_reason(rejects: Path) -> None:
    """The most frequent reason comes first, with what to do; no value is shown."""
    done = run(str(rejects))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "3 rejects of 1 runs",
        "",
        "2 schema: stream customers, field mail",
        "  Correct the value at the source, or the SCHEMA of the tap. Then replay.",
        "  The first: --show 1",
        "",
        "1 missing_key: stream customers, field key",
        "  Fill the key at the source, or name another key in key_fields. Then replay.",
        "  The first: --show 2",
    ]
    assert run(str(rejects), "--code", "missing_key").stdout.startswith("1 rejects of 1 runs\n\n1 missing_key")


def test_members_that_could_not_join(tenant: Tenant, tmp_path: Path) -> None:
    """The Segment is named; Selligent's words, which may quote values, are only in what --show prints."""
    path = tmp_path / "rejects.jsonl"
    settings: dict[str, Any] = {"create_list_if_not_exists": True, "create_segment_if_not_exists": True}
    tenant.add_fault("partial", path="/segments/vip/data/load$", rows=[0], message="bob@example.com is not welcome")
    tenant.run([SCHEMA, ROWS[2]], segment="vip", rejects_path=str(path), **settings).succeeded()
    counted = run(str(path)).stdout
    assert "stream customers" in counted
    assert "Segment vip" in counted
    assert "bob@example.com" not in counted
    assert "bob@example.com is not welcome" in run(str(path), "--show", "1").stdout


def test_one_record(rejects: Path) -> None:
    """All of it, and why it was rejected: who asks for it may see it."""
    done = run(str(rejects), "--show", "2")
    shown, _, advice = done.stdout.rpartition("}\n")
    message = json.loads(shown + "}")
    assert message["record"] == {"key": None, "mail": "eve@example.com"}
    assert (message["code"], message["record_number"]) == ("missing_key", 2)
    assert advice.startswith("Fill the key at the source")


def test_a_record_that_is_almost_json(tmp_path: Path) -> None:
    """It is shown as it came."""
    path = tmp_path / "rejects.jsonl"
    path.write_text('{"type": "RECORD", "stream": "s", "record": {"a": NaN}, "reason": "x", "code": "schema"}\n')
    assert '"record": {"a": NaN}' in run(str(path), "--show", "1").stdout


@pytest.mark.parametrize("options", [(), ("--code", "schema")], ids=["all", "one code"])
def test_a_replay(tenant: Tenant, rejects: Path, options: tuple[str, ...]) -> None:
    """The messages of --replay load what they are chosen for, as those of target-selligent-replay do."""
    assert len(tenant.rows("KEY")) == 1
    done = run(str(rejects), "--replay", *options)
    if not options:
        replay = subprocess.run([COMMAND.replace("-rejects", "-replay"), str(rejects)], capture_output=True, check=True)
        assert done.stdout.encode() == replay.stdout
    mended = done.stdout.replace("someone.with.a.long.name", "ann").replace("another.with.a.long.name", "cid")
    run_target(tenant.config(max_rejects=1), mended.encode()).succeeded()
    assert sorted(tenant.rows("KEY", "MAIL")) == [
        ["a", "ann@example.com"],
        ["b", "bob@example.com"],
        ["c", "cid@example.com"],
    ]


def test_a_replay_of_a_file_that_is_moved(rejects: Path) -> None:
    """The old name holds new rejects only."""
    done = run(str(rejects), "--replay", "--move")
    assert done.stdout.count('"RECORD"') == 3
    assert not rejects.exists()
    assert len(list(rejects.parent.glob("rejects.jsonl.*"))) == 1


def test_exit_codes(rejects: Path) -> None:
    """1 if the file or the record is not there, 2 for a wrong option; each with one line that says so."""
    path = str(rejects)
    for args in ((path + "x",), (str(rejects.parent),), (path, "--show", "4"), (path, "--show", "0")):
        done = run(*args)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), args
        assert done.stderr.startswith("Error: ")
    for options in (("--move",), ("--show", "x"), ("--show", "1", "--replay"), ("--nonsense",)):
        assert run(str(rejects), *options).returncode == 2
    script = f'"{COMMAND}" "$0" --replay | true; exit "${{PIPESTATUS[0]}}"'
    closed = subprocess.run(["/bin/bash", "-c", script, path], check=False)
    assert closed.returncode in {0, 141}, "0 if everything was written before the reader ended"


def test_lines_that_are_incomplete(rejects: Path) -> None:
    """They are counted apart, as the target may be writing one."""
    with rejects.open("a", encoding="utf-8") as file:
        file.write('{"type": "RECORD", "stre\n')
    assert run(str(rejects)).stdout.endswith("\n1 lines are not complete messages\n")
