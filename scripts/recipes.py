"""Run the recipe for Dagster: its job starts tap and target, and loads into the emulator (`make recipes`).

Dagster is installed in `.recipes` on the first call.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from demo import CONFIG, LIST, Selligent, emulator, messages

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".recipes"
CONSTRAINTS = ROOT / "recipes" / "constraints.txt"
JOB = ROOT / "recipes" / "dagster_job.py"


def install() -> Path:
    """Return the folder of Dagster's commands, installed as its constraints say."""
    stamp = ENVIRONMENT / ".made-from"
    pins = CONSTRAINTS.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != pins:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)  # noqa: S603 - venv
        pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--constraint", str(CONSTRAINTS), "dagster"], check=True)  # noqa: S603 - pip
        stamp.write_text(pins, encoding="utf-8")
    return ENVIRONMENT / "bin"


def main() -> int:
    """Run the job twice, once with a wrong secret; return 1 if it did not do what it should."""
    dagster = install() / "dagster"
    with emulator() as base_url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = {**CONFIG, "base_url": base_url}
        (folder / "messages.jsonl").write_text(messages(), encoding="utf-8")
        (folder / "tap").write_text("#!/bin/sh\nexec cat messages.jsonl\n", encoding="utf-8")
        (folder / "tap").chmod(0o755)
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DAGSTER_HOME": name,
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "SELLIGENT_FOLDER": name,
            "SELLIGENT_TAP": "./tap",
        }
        codes = []
        for secret in ("wrong", CONFIG["api_secret"]):
            (folder / "config.json").write_text(json.dumps({**config, "api_secret": secret}), encoding="utf-8")
            job = [str(dagster), "job", "execute", "-f", str(JOB), "-j", "selligent_job"]
            done = subprocess.run(job, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
            codes.append(done.returncode)
        count = Selligent(base_url).get("records").get("count")
        if codes[0] == 0 or codes[1] != 0 or not count:
            print(f"the job ended with {codes}, List {LIST} has {count} records:\n{done.stderr[-3000:]}")
            return 1
        print(f"Dagster: a wrong secret failed the job; then it loaded {count:,} records into List {LIST}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
