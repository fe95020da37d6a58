"""What is written for users is what the code does: generated parts are current, settings and commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import target_selligent
from target_selligent.settings_table import SETTINGS, SettingDefinition

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_generated_parts_are_current() -> None:
    """README's settings and what the demo prints, `meltano.yml` and `.env.example` are as `make docs` makes them."""
    command = [sys.executable, str(ROOT / "scripts" / "generate_docs.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_version_is_in_the_changelog() -> None:
    """The package's version is the changelog's newest entry, released or about to be."""
    found = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert found[1] == target_selligent.__version__


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented(setting: SettingDefinition) -> None:
    """Each setting has its row in the README and its entry in `meltano.yml` and `.env.example`."""
    name = setting.name
    assert f"| `{name}` |" in README
    assert f"- name: {name}\n" in (ROOT / "meltano.yml").read_text(encoding="utf-8")
    assert f"TARGET_SELLIGENT_{name.upper()}=" in (ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^\$ make (\S+)", README, re.MULTILINE))))
def test_commands_exist(command: str) -> None:
    """A `make` command that the README shows is in the Makefile, with a line of help."""
    assert re.search(rf"^{command}:.*## \S", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
