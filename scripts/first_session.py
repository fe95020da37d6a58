"""A first session with the target, typed into a shell: its commands and what they print, for the README.

The emulator stands for Selligent. What differs from run to run, as times and ports, is written as it is on other days.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from demo import emulator

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "treasure" / "basic"
ADDRESS = "http://127.0.0.1:8585"
COMMANDS = (
    "target-selligent-check --config config.json --input 1-export.jsonl",
    "target-selligent --config config.json --dry-run < 1-export.jsonl",
    "target-selligent --config config.json < 1-export.jsonl > state.jsonl 2> log.txt",
    "tail -n 2 log.txt | cut -d '|' -f 4",
    "cat state.jsonl",
    "ls report.*",
)
"""In the folder of an example, while an emulator runs."""

_VARYING = (
    (re.compile(r"http://127\.0\.0\.1:\d+"), ADDRESS),
    (re.compile(r"for the next \d+ s"), "for the next 60 s"),
    (re.compile(r"with [\d.]+ s a call"), "with 0.010 s a call"),
    (re.compile(r"about [\d.]+ s"), "about 0.1 s"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)


def transcript() -> str:
    """Run the session; return it as a person would see it.

    Raises:
        SystemExit: If a command fails.
    """
    shown = ["$ cd examples/treasure/basic", "$ target-selligent-emulator > emulator.log &"]
    with emulator() as base_url, tempfile.TemporaryDirectory() as name:
        folder = Path(shutil.copytree(EXAMPLE, Path(name) / "basic"))
        config = folder / "config.json"
        config.write_text(config.read_text(encoding="utf-8").replace(ADDRESS, base_url), encoding="utf-8")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TARGET_SELLIGENT_")}
        for command in COMMANDS:
            done = subprocess.run(  # noqa: S603 - our own commands
                ["bash", "-o", "pipefail", "-c", command],  # noqa: S607 - any bash
                cwd=folder,
                env={**inherited, "PATH": path},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode:
                sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout}")
            shown += [f"$ {command}", *done.stdout.splitlines()]
    text = "\n".join(shown)
    for pattern, usual in _VARYING:
        text = pattern.sub(usual, text)
    return text


if __name__ == "__main__":
    print(transcript())
