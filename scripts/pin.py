"""Write `constraints.txt`: what is installed in two environments, of the oldest and of a newer Python.

    python scripts/pin.py OLDEST/bin/python NEWER/bin/python

Where the two differ, each pin carries the Python versions that it holds for.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"
NEWER_SINCE = "3.11"


def installed(python: str) -> dict[str, str]:
    """Return the distributions of an environment, name to version, but for the project itself."""
    command = [sys.executable, "-m", "pip", "--python", python, "freeze", "--exclude-editable", "--exclude", "pip"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()  # noqa: S603
    pins = (line.partition("==") for line in lines if "==" in line)
    return {name.lower().replace("_", "-"): version for name, _, version in pins}


def constraints(oldest: dict[str, str], newer: dict[str, str]) -> list[str]:
    """Return the lines of the constraints file."""
    lines = ["# Written by scripts/pin.py: the versions that the tests ran with."]
    for name in sorted(oldest.keys() | newer.keys()):
        if oldest.get(name) == newer.get(name):
            lines.append(f"{name}=={newer[name]}")
            continue
        if name in oldest:
            lines.append(f'{name}=={oldest[name]} ; python_version < "{NEWER_SINCE}"')
        if name in newer:
            lines.append(f'{name}=={newer[name]} ; python_version >= "{NEWER_SINCE}"')
    return lines


if __name__ == "__main__":
    CONSTRAINTS.write_text("\n".join(constraints(*map(installed, sys.argv[1:3]))) + "\n", encoding="utf-8")
