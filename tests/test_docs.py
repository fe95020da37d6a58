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
_IGNORED = {".git", ".venv", ".e2e", ".bench", ".meltano", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


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


DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TRACKED = {
    path.relative_to(ROOT)
    for top in ROOT.iterdir()
    if top.name not in _IGNORED  # not even looked into: `make e2e` may be at work there
    for path in [top, *top.rglob("*")]
    if "__pycache__" not in path.parts
}


@pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    """A relative link in a document leads to a file or folder of this repository."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    relative = [link for link in links if "://" not in link]
    assert [link for link in relative if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_files_exist(document: Path) -> None:
    """A file of ours that a document names in code style exists: by its path, or by its name where that is all."""
    named = set(
        re.findall(
            r"`([\w./-]+\.(?:py|toml|yml|md|txt|sql|svg)|(?:tests|docs|scripts|e2e|benchmarks)/[\w./-]*)`",
            document.read_text(encoding="utf-8"),
        )
    )
    known = {str(path) for path in TRACKED} | {path.name for path in TRACKED}
    assert {name for name in named if name.rstrip("/") not in known} == set()
