"""Run the tests on the oldest and newest declared Python of this machine, and with the lowest allowed dependencies.

The run on the newest Python measures coverage, subprocesses included; `fail_under` in `pyproject.toml` is its gate.
The long tests in `tests/faults` run in `make test` only, those of the emulator also on the newest Python. Interpreters
are looked for on PATH and among those of pyenv.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LONG = "tests/faults"
EMULATOR = "tests/emulator"
"""Its test library, schemathesis, also demands a newer jsonschema-rs than the target does."""


def declared() -> list[str]:
    """Return the declared Python versions, oldest first, such as `3.10`."""
    pattern = re.compile(r"Programming Language :: Python :: (3\.\d+)$")
    found = [match[1] for line in PROJECT["project"]["classifiers"] if (match := pattern.match(line))]
    return sorted(found, key=lambda version: int(version.partition(".")[2]))


def interpreter(version: str) -> str | None:
    """Return the path of an interpreter that runs and has the version; None if this machine has none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))]
    for candidate in candidates:
        if candidate is None:
            continue
        command = [candidate, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode == 0 and done.stdout.strip() == version:
            return candidate
    return None


def lowest() -> Iterator[str]:
    """Yield a constraint for each dependency of the target and its emulator: the lowest version that is allowed."""
    project = PROJECT["project"]
    for requirement in (*project["dependencies"], *project["optional-dependencies"]["emulator"]):
        match = re.match(r"([\w-]+)(?:>=|~=)([\d.]+)$", requirement)
        if match is None:
            raise SystemExit(f"no lower bound: {requirement}")
        name, bound = match.groups()
        yield f"{name}=={bound}{'.*' if bound.count('.') < 2 else ''}"  # noqa: PLR2004 - major, minor, patch


def run(*command: str) -> None:
    """Run a command; end with its exit code if it fails."""
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(done.returncode)


def prepare(python: str, name: str, constraints: Path, *packages: str) -> str:
    """Make a virtual environment with the target in it; return its interpreter."""
    folder = ROOT / ".matrix" / name
    binary = str(folder / "bin" / "python")
    if not folder.exists():
        run(python, "-m", "venv", str(folder))
        run(binary, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1")
    install = (binary, "-m", "pip", "install", "--quiet", "--constraint", str(constraints))
    run(*install, "--editable", ".[emulator]", *packages)
    return binary


def run_tests(python: str, *, newest: bool = False) -> None:
    """Run the shorter tests; on the newest Python, more of them and with coverage."""
    runner = ["coverage", "run", "-m", "pytest"] if newest else ["pytest"]
    left_out = [f"--ignore={path}" for path in ((LONG,) if newest else (LONG, EMULATOR))]
    run(python, "-m", *runner, "-q", "--numprocesses", "2", "--dist", "loadfile", *left_out)


def main() -> None:
    """Run the whole matrix."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {version: path for version in declared() if version != own and (path := interpreter(version))}
    pinned = ROOT / "constraints.txt"
    (ROOT / ".matrix").mkdir(exist_ok=True)
    chosen = list(dict.fromkeys([*list(found)[:1], *list(found)[-1:]]))
    if not chosen:
        print(f"no declared Python but {own} on this machine")
    for version in chosen:
        print(f"== Python {version} ({found[version]})", flush=True)
        python = prepare(found[version], version, pinned, "--group", "test")
        newest = version == chosen[-1]
        run_tests(python, newest=newest)
        if newest:
            run(python, "-m", "coverage", "combine", "--quiet")
            run(python, "-m", "coverage", "report", "--skip-covered")
    print("== lowest dependencies", flush=True)
    constraints = ROOT / ".matrix" / "lowest.txt"
    constraints.write_text("\n".join(lowest()) + "\n", encoding="utf-8")
    test_packages = [package for package in PROJECT["dependency-groups"]["test"] if "schemathesis" not in package]
    run_tests(prepare(sys.executable, "lowest", constraints, *test_packages))


if __name__ == "__main__":
    main()
