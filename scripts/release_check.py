"""Build what a release uploads into `dist/`, and check it as a stranger would use it (`make release-check`).

The sdist and the wheel are built and checked strictly. The wheel is installed with no extra and with all that are
small, in environments of its own. There, the commands answer. With `RELEASE_TAG`, the tag must be that of the version.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
COMMANDS = re.findall(
    r"^([\w-]+) = ",
    (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[project.scripts]\n")[2].partition("\n[")[0],
    re.MULTILINE,
)
NEEDS = {"target-selligent-emulator": "emulator"}
"""Commands that need an extra."""
LARGE = {"spark"}
"""Extras that are not installed: PySpark alone is 750 MB, and `make e2e-spark` installs it."""


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command; return what it prints, or end with what it said."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603 - our own build
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def check_installed(wheel: Path, extras: list[str]) -> None:
    """Install the wheel with extras in a new environment, and start each command that they allow."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "venv"
        run(sys.executable, "-m", "venv", environment)
        python = environment / "bin" / "python"
        constraint = ("--constraint", ROOT / "constraints.txt")
        # Older releases of pip refuse empty brackets.
        chosen = f"[{','.join(extras)}]" if extras else ""
        run(python, "-m", "pip", "install", "--quiet", *constraint, f"{wheel}{chosen}")
        run(python, "-m", "pip", "check")
        for command in COMMANDS:
            if NEEDS.get(command) in {None, *extras}:
                run(python.with_name(command), "--help", cwd=Path(folder))
        print(f"installs and starts: {wheel.name} with {' and '.join(extras) or 'no extra'}")


def main() -> None:
    """Build and check."""
    shutil.rmtree(DIST, ignore_errors=True)
    # The wheel is built from the sdist, so that the sdist is complete.
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", DIST)
    (sdist,) = DIST.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(sdist, folder)
        (source,) = Path(folder).iterdir()
        run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", DIST, cwd=source)
    (wheel,) = DIST.glob("*.whl")
    version = wheel.name.split("-")[1]
    tag = os.environ.get("RELEASE_TAG", "")
    if tag and tag != f"v{version}":
        sys.exit(f"the tag {tag} is not v{version}: change __version__ or the tag")
    heading = re.search(r"^## .*$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    if tag and (heading is None or "unreleased" in heading[0]):
        sys.exit("the newest entry of CHANGELOG.md is not released: write its date")
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
    print(f"built: {sdist.name}, {wheel.name}")
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = pyproject.partition("[project.optional-dependencies]\n")[2].partition("\n[")[0]
    small = [name for name in re.findall(r"^(\w+) = \[", section, re.MULTILINE) if name not in LARGE]
    for extras in ([], small):
        check_installed(wheel, extras)


if __name__ == "__main__":
    main()
