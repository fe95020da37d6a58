"""Run the quicker tests on the oldest and the newest declared Python, and with the lowest allowed dependencies.

The Pythons are those of this machine (on PATH or of pyenv), or come from Debian's testing release. A Python that cannot
be had is named, and the next one is taken. The run with the lowest dependencies uses the Python that runs this script;
it measures the coverage, subprocesses included, and fails below `fail_under` in `pyproject.toml`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pythons

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".matrix"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNS = (
    "command",
    "digits",
    "input",
    "parallel",
    "python",
    "samples",
    "schemas",
    "sdk_features",
    "start",
    "state",
    "values",
)
TESTS = [
    "tests/unit",
    "tests/test_fast_path.py",
    "tests/test_sdk_contract.py",
    "tests/test_sdk_suite.py",
    *(f"tests/run/test_{name}.py" for name in RUNS),
]
"""What depends on the Python or on a library, in few minutes. `make test` runs everything on our own Python."""

COVERED = [
    f"tests/run/test_{name}.py"
    for name in (
        "arrow",
        "audiences",
        "batch_messages",
        "check",
        "dry_run",
        "init",
        "load_command",
        "rejects_command",
        "related_lists",
        "replay",
        "report",
        "spark",
    )
]
"""What else is run where the coverage is measured: the commands beside the target, and ways to load of their own."""

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def declared() -> list[str]:
    """Return the declared Python versions, oldest first, such as `3.10`."""
    pattern = re.compile(r"Programming Language :: Python :: (3\.\d+)$")
    found = [match[1] for line in PROJECT["project"]["classifiers"] if (match := pattern.match(line))]
    return sorted(found, key=lambda version: int(version.partition(".")[2]))


def first_that_is_there(versions: Iterable[str]) -> tuple[str, str] | None:
    """Return the first version that this machine has or can get, and its interpreter; None if it is our own.

    A version that cannot be had is printed.
    """
    for version in versions:
        if version == OWN:
            return None
        if python := pythons.find(version) or pythons.get(version, FOLDER / f"python{version}"):
            return version, python
        print(f"Python {version} cannot be had: not on PATH, not of pyenv, not in Debian's testing release", flush=True)
    return None


def lowest() -> Iterator[str]:
    """Yield a constraint for each dependency of the target and its emulator: the lowest version that is allowed."""
    project = PROJECT["project"]
    for requirement in (*project["dependencies"], *project["optional-dependencies"]["emulator"]):
        match = re.match(r"([\w-]+)(?:>=|~=)([\d.]+)$", requirement)
        if match is None:
            raise SystemExit(f"no lower bound: {requirement}")
        name, bound = match.groups()
        major, minor, *patch = [*bound.split("."), "0"] if "." not in bound else bound.split(".")
        yield f"{name}=={'.'.join((major, minor, *patch))}{'' if patch else '.*'}"


def run(*command: str) -> None:
    """Run a command; end with its exit code if it fails."""
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(done.returncode)


def prepare(python: str, name: str, constraints: Path, *packages: str) -> str:
    """Create a virtual environment with the target in it; return its interpreter."""
    folder = FOLDER / name
    binary = str(folder / "bin" / "python")
    if not folder.exists():
        run(python, "-m", "venv", "--without-pip", str(folder))
    install = (sys.executable, "-m", "pip", "--python", binary, "install", "--quiet")
    run(*install, "--constraint", str(constraints), "--editable", ".[emulator]", *packages)
    return binary


def run_tests(python: str, *tests: str, coverage: bool = False) -> None:
    """Run tests; with coverage, fail if it is too low."""
    runner = ["coverage", "run", "-m", "pytest"] if coverage else ["pytest"]
    run(python, "-m", *runner, "-q", "--numprocesses", "2", "--dist", "loadfile", "--durations", "5", *tests)
    if coverage:
        run(python, "-m", "coverage", "combine", "--quiet")
        run(python, "-m", "coverage", "report", "--skip-covered")


def main() -> None:
    """Run the whole matrix."""
    FOLDER.mkdir(exist_ok=True)
    versions = declared()
    for found in dict.fromkeys((first_that_is_there(versions), first_that_is_there(reversed(versions)))):
        if found is not None:
            version, interpreter = found
            print(f"== Python {version} ({interpreter})", flush=True)
            python = prepare(interpreter, version, ROOT / "constraints.txt", "--group", "test")
            run_tests(python, *TESTS)
    print(f"== lowest dependencies (Python {OWN})", flush=True)
    constraints = FOLDER / "lowest.txt"
    constraints.write_text("\n".join(lowest()) + "\n", encoding="utf-8")
    packages = [package for package in PROJECT["dependency-groups"]["test"] if "schemathesis" not in package]
    run_tests(prepare(sys.executable, "lowest", constraints, *packages), *TESTS, *COVERED, coverage=True)


if __name__ == "__main__":
    main()
