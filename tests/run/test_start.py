"""The start of the command: a problem of its environment is one error line, and a signal ends it at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import COMMAND, clean_environment, record, records, run_in_shell, schema

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Tenant

SCHEMA = schema({"key": "string"})


@pytest.mark.parametrize(
    ("redirection", "words"),
    [("<&-", "standard input is closed"), ("0>written", "cannot be read")],
    ids=["closed", "only for writing"],
)
def test_an_input_that_cannot_be_read_is_one_line(tenant: Tenant, redirection: str, words: str) -> None:
    """A standard input that is closed or cannot be read ends the run with one line that names it."""
    config = tenant.config(create_list_if_not_exists=True)
    run = run_in_shell(f'exec "$0" "$@" {redirection}', config, [SCHEMA, record({"key": "a"})])
    assert words in run.error_line()


@pytest.mark.parametrize(
    "settings",
    [
        {"list_data_import_option": "OnlyInsert"},
        {"deduplication": "ImportFirstMatch"},
    ],
    ids=["held records", "seen keys"],
)
def test_a_full_disk_of_temporary_files_is_one_line(tenant: Tenant, tmp_path: Path, settings: dict[str, Any]) -> None:
    """A temporary file that cannot grow ends the run with one line that says where to free space."""
    rows = records("key", *((f"{number:08}" * 12,) for number in range(40_000)))
    config = tenant.config(create_list_if_not_exists=True, batch_size_rows=20_000, **settings)
    script = 'ulimit -f 128; exec "$0" "$@"'
    run = run_in_shell(script, config, [SCHEMA, *rows], env={"TMPDIR": str(tmp_path)})
    assert "SQLITE_TMPDIR" in run.error_line()


@pytest.mark.parametrize("path", ["~nosuchuser/rejects.jsonl", "rejects\0.jsonl", "."], ids=ascii)
def test_a_path_that_cannot_be_opened_is_one_line(tenant: Tenant, path: str) -> None:
    """Whatever is wrong with rejects_path ends the run with one line that names the setting, before any call."""
    run = tenant.run([SCHEMA, record({"key": "a"})], rejects_path=path)
    assert "rejects_path" in run.error_line()
    assert tenant.calls() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("printed", ["click", "singer_sdk", "msgspec", "requests", "target-selligent v"])
def test_a_signal_while_it_starts_ends_it_at_once(tenant: Tenant, tmp_path: Path, number: int, printed: str) -> None:
    """A signal during the imports, or before all is set up, ends the process with 128 and its number, and no traceback.

    Opening the rejects file waits here, as it is a pipe that nobody reads.
    """
    os.mkfifo(tmp_path / "pipe")
    config = tmp_path / "config.json"
    config.write_text(json.dumps(tenant.config(rejects_path=str(tmp_path / "pipe"))), encoding="utf-8")
    with subprocess.Popen(
        [str(COMMAND), "--config", str(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment() | {"PYTHONPROFILEIMPORTTIME": "1"},
        bufsize=0,
    ) as process:
        assert process.stderr is not None
        log = b""
        while printed.encode() not in log:
            log += process.stderr.readline()
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert b"Traceback" not in log + rest
