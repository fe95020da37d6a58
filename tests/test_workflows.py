"""The workflows of the repository: what they run is pinned, limited in time, and what the Makefile has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_PINNED = re.compile(r"^ +- uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def jobs_of(workflow: Path) -> dict[str, dict[str, Any]]:
    """Return the jobs of a workflow."""
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return jobs


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_hash(workflow: Path) -> None:
    """An action is named by the hash of a commit, with its version beside it: a moved tag changes nothing."""
    lines = [line for line in workflow.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert lines
    assert [line for line in lines if not _PINNED.match(line)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_ends_and_may_little(workflow: Path) -> None:
    """Each job has a time limit; only the one that publishes may do more than read, and no secret is named."""
    text = workflow.read_text(encoding="utf-8")
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    for name, job in jobs_of(workflow).items():
        assert 0 < job["timeout-minutes"] <= 60
        assert job.get("permissions") == ({"id-token": "write"} if name == "publish" else None)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_what_is_run_is_there(workflow: Path) -> None:
    """Each `make` target that a job runs is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    runs = [step["run"] for job in jobs_of(workflow).values() for step in job["steps"] if "run" in step]
    targets = {target for run in runs if run.startswith("make ") for target in run.split()[1:]}
    assert targets <= set(re.findall(r"^([a-z0-9-]+):.*## \S", makefile, re.MULTILINE))


def test_every_supported_python_is_tested() -> None:
    """The matrix has the versions that the package says it supports."""
    supported = re.findall(r"Python :: (3\.\d+)\"", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (matrix,) = (job["strategy"]["matrix"] for job in jobs_of(WORKFLOWS[0]).values() if "strategy" in job)
    assert matrix == {"python": supported}
