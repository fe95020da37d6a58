"""The script of the recipes: what it keeps, what it gives back, and that only one run goes on at a time."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support import clean_environment, encode, record, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

ROOT = Path(__file__).resolve().parents[2]
NIGHTLY = ROOT / "recipes" / "nightly.sh"
_MESSAGES = encode([schema({"key": "string"}), record({"key": "C1"}), state({"position": 1})])


class Folder:
    """A folder of the script, with a config and a tap that prints its arguments into a file and then the messages.

    Args:
        path: The folder.
        tenant: Where the target loads.
    """

    def __init__(self, path: Path, tenant: Tenant) -> None:
        self.path = path
        config = tenant.config(create_list_if_not_exists=True)
        (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        (path / "messages.jsonl").write_bytes(_MESSAGES)
        self.write_tap("cat messages.jsonl")

    def write_tap(self, commands: str) -> None:
        """Let the tap run some commands."""
        tap = self.path / "tap"
        tap.write_text(f'#!/bin/sh\necho "$@" > arguments\n{commands}\n', encoding="utf-8")
        tap.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run the script once."""
        environment = clean_environment()
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        command = [str(NIGHTLY), str(self.path), "./tap", "--config", "tap.json"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    @property
    def state(self) -> Any:
        """What the script has kept; None if it has kept nothing."""
        kept = self.path / "state.json"
        return json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else None

    @property
    def arguments(self) -> str:
        """The arguments of the last tap."""
        return (self.path / "arguments").read_text(encoding="utf-8").strip()


@pytest.fixture
def folder(tmp_path: Path, tenant: Tenant) -> Folder:
    """A folder of the script."""
    return Folder(tmp_path, tenant)


def test_a_run_starts_where_the_last_one_ended(folder: Folder, tenant: Tenant) -> None:
    """The first tap gets no state; the second one gets that of the first."""
    first = folder.run()
    assert (first.returncode, folder.arguments) == (0, "--config tap.json"), first.stderr
    assert folder.state == {"position": 1}
    assert folder.run().returncode == 0
    assert folder.arguments == "--config tap.json --state state.json"
    assert tenant.rows("KEY") == [["C1"]]


def test_a_tap_that_fails_fails_the_run(folder: Folder) -> None:
    """Its exit code is that of the script; the STATE before it counts."""
    folder.write_tap("cat messages.jsonl\nexit 3")
    assert folder.run().returncode == 3
    assert folder.state == {"position": 1}


def test_a_target_that_fails_keeps_the_last_state(folder: Folder) -> None:
    """A wrong config gives the target's exit code, and what was kept stays."""
    (folder.path / "state.json").write_text('{"position": 7}', encoding="utf-8")
    (folder.path / "config.json").write_text("{}", encoding="utf-8")
    assert folder.run().returncode in {1, 2}
    assert folder.state == {"position": 7}


def test_one_run_at_a_time(folder: Folder) -> None:
    """While a run has the lock, the next one starts nothing."""
    with (folder.path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = folder.run()
    assert refused.returncode == 1
    assert "still goes on" in refused.stderr
    assert not (folder.path / "arguments").exists()


def test_the_workflow_runs_the_script() -> None:
    """The workflow starts the same script, one run at a time, and its actions are pinned by their hashes."""
    text = (ROOT / "recipes" / "github-actions.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    (job,) = workflow["jobs"].values()
    assert workflow["concurrency"]["cancel-in-progress"] is False
    assert [step["run"] for step in job["steps"] if "nightly.sh" in step.get("run", "")] == [
        "./nightly.sh selligent tap-csv --config tap.json"
    ]
    for step in job["steps"]:
        assert "uses" not in step or len(step["uses"].partition("@")[2]) == 40
