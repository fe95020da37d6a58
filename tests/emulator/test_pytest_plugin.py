"""The fixture `selligent_emulator` in the tests of another project: each test here is a run of pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

USES_THE_FIXTURE = """
import json
import subprocess
import urllib.request

import pytest
from target_selligent.emulator.client import SelligentEmulator

TARGET = {target!r}


def load(emulator, *rows, **settings):
    schema = {{"properties": {{"email": {{"type": "string"}}, "n": {{"type": "integer"}}}}}}
    messages = [{{"type": "SCHEMA", "stream": "contacts", "schema": schema, "key_properties": ["email"]}}]
    messages += [{{"type": "RECORD", "stream": "contacts", "record": row}} for row in rows]
    with open("config.json", "w") as file:
        json.dump(emulator.config(**settings), file)
    lines = "".join(json.dumps(message) + chr(10) for message in messages)
    return subprocess.run([TARGET, "--config", "config.json"], input=lines, text=True, capture_output=True)


@pytest.fixture
def loaded(selligent_emulator: SelligentEmulator) -> SelligentEmulator:
    rows = [{{"email": f"{{n}}@x.org", "n": 2**60 + n}} for n in range(3)]
    done = load(
        selligent_emulator, *rows, segment="vip", create_list_if_not_exists=True, create_segment_if_not_exists=True
    )
    assert done.returncode == 0, done.stderr
    return selligent_emulator


def test_what_it_holds(loaded):
    assert loaded.lists() == {{"contacts": 3}}
    assert loaded.segments() == {{"vip": 3}}
    assert loaded.fields()["N"] == "Long"
    assert loaded.records(segment="vip") == loaded.records()
    assert [record["N"] for record in loaded.records()] == [2**60, 2**60 + 1, 2**60 + 2]
    assert all(write["list"] == "contacts" for write in loaded.writes())
    assert loaded.requests()
    assert urllib.request.urlopen(loaded.url).status == 200


def test_a_test_begins_with_nothing(selligent_emulator):
    assert selligent_emulator.lists() == {{}}
    assert selligent_emulator.requests() == []
    selligent_emulator.add_fault("status", path="/lists", times=0, status=500)
    selligent_emulator.set_options(latency_ms=1, api_key="other")
    assert [fault["kind"] for fault in selligent_emulator.faults()] == ["status"]
    assert selligent_emulator.config()["api_key"] == "demo-key"


def test_the_next_one_does_too(selligent_emulator):
    assert selligent_emulator.faults() == []
    options = selligent_emulator.call("GET", "options")
    assert (options["latency_ms"], options["api_key"]) == (0, "demo-key")
    with pytest.raises(ValueError, match="kind"):
        selligent_emulator.add_fault("explode")
    selligent_emulator.clear_faults()
"""

USES_NOTHING = """
import sys


def test_nothing():
    assert not {"fastapi", "uvicorn", "pydantic", "sqlite3", "singer_sdk", "requests", "msgspec"} & set(sys.modules)
"""

WITHOUT_THE_EXTRA = """
import sys

sys.modules["fastapi"] = sys.modules["uvicorn"] = None
"""

OWN_OPTIONS = """
import pytest

from target_selligent.emulator import EmulatorOptions


@pytest.fixture(scope="session")
def selligent_emulator_options():
    return EmulatorOptions(organizations=["ours"], faults=[{"kind": "hang", "path": "/none$"}])
"""


def _run(folder: Path, test: str, conftest: str = "", *, alone: bool = False) -> "subprocess.CompletedProcess[str]":
    """Run pytest in a project of two files, where warnings are errors; if `alone`, without the plugins of others."""
    (folder / "test_it.py").write_text(test, encoding="utf-8")
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environment = dict(os.environ)
    if alone:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        command += ["-p", "selligent_emulator"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_fixture_is_there_for_the_tests_of_another_project(tmp_path: Path) -> None:
    """A test loads with the config of the fixture and reads back what arrived; the next test begins with nothing."""
    target = str(Path(sys.executable).with_name("target-selligent"))
    done = _run(tmp_path, USES_THE_FIXTURE.format(target=target))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_a_project_that_does_not_use_it_pays_nothing(tmp_path: Path) -> None:
    """A run without the fixture loads neither the web framework nor anything of the target."""
    done = _run(tmp_path, USES_NOTHING, alone=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_the_extra_only_its_users_fail(tmp_path: Path) -> None:
    """Without the extra, tests that use the fixture fail with what to install, and all others run."""
    test = "def test_a():\n    pass\n\n\ndef test_b(selligent_emulator):\n    pass\n"
    done = _run(tmp_path, test, WITHOUT_THE_EXTRA)
    assert "1 passed, 1 error" in done.stdout
    assert 'selligent_emulator needs an extra: pip install "target-selligent[emulator]"' in done.stdout
    assert "Traceback" not in done.stdout


def test_a_project_can_have_its_own_options(tmp_path: Path) -> None:
    """A fixture of the project gives the options, and each test begins with them and their fault rules."""
    test = (
        "import pytest\n\n\n"
        "@pytest.mark.parametrize('number', [1, 2])\n"
        "def test_it(selligent_emulator, number):\n"
        "    assert selligent_emulator.config('x', batch_size_rows=7)['organization'] == 'ours'\n"
        "    assert [fault['kind'] for fault in selligent_emulator.faults()] == ['hang']\n"
        "    selligent_emulator.clear_faults()\n"
    )
    done = _run(tmp_path, test, OWN_OPTIONS)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
