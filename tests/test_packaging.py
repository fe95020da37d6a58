"""What goes to a package index is whole: the sdist has all that tests read, no link of the README leads nowhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    ".github",
    "benchmarks",
    "docs",
    "e2e",
    "examples",
    "meltano",
    "recipes",
    "scripts",
    "target_selligent",
    "tests",
)
FILES = {
    ".env.example",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "constraints.txt",
    "meltano.yml",
    "pyproject.toml",
    "zensical.toml",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    _build(ROOT, folder, "sdist")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    _build(next(path for path in folder.iterdir() if path.is_dir()), folder, "wheel")
    return folder


def _build(source: Path, folder: Path, target: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for part in FOLDERS
        for path in (folder / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_sdist_has_what_the_tests_read(built: Path) -> None:
    """Every file of the repository that a test, a document or the Makefile needs is in the sdist, and no other."""
    unpacked = next(path for path in built.iterdir() if path.is_dir())
    assert _files(unpacked) == _files(ROOT)
    names = {path.name for path in unpacked.iterdir() if path.is_file()}
    assert names - {"PKG-INFO", ".gitignore"} == FILES


def test_a_link_in_an_ignored_folder_keeps_nothing_out(built: Path, tmp_path: Path) -> None:
    """The sdist is whole also where `make e2e` has left its folder, which links to the package."""
    unpacked = next(path for path in built.iterdir() if path.is_dir())
    source = shutil.copytree(unpacked, tmp_path / "source")
    link = source / ".e2e" / "project" / "target_selligent"
    link.parent.mkdir(parents=True)
    link.symlink_to(source / "target_selligent")
    _build(source, tmp_path, "sdist")
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert names == {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}


def test_the_wheel_has_the_package_alone(built: Path) -> None:
    """The wheel holds every file of the package, types and pages too, its commands and its plugin; nothing else."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        (entry_points,) = (archive.read(name) for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert names == {name for name in _files(ROOT) if name.startswith("target_selligent/")}
    assert "target_selligent/py.typed" in names
    commands = re.findall(r"^(\S+) = ", entry_points.decode(), re.MULTILINE)
    assert sorted(commands) == [
        "selligent_emulator",
        "target-selligent",
        "target-selligent-check",
        "target-selligent-emulator",
        "target-selligent-init",
        "target-selligent-load",
        "target-selligent-rejects",
        "target-selligent-replay",
    ]


def test_the_readme_is_whole_on_a_package_index(built: Path) -> None:
    """The description has no link and no picture by a path in the repository: on an index they lead nowhere."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        (metadata,) = (archive.read(name) for name in archive.namelist() if name.endswith("/METADATA"))
    description = message_from_bytes(metadata).get_payload()
    assert isinstance(description, str)
    assert description.startswith("# target-selligent")
    links = re.findall(r"\]\(([^)]*)\)|(?:href|src)=[\"']([^\"']*)", description)
    assert [link for pair in links for link in pair if link and not link.startswith(("https://", "#"))] == []


def test_the_readme_installs_what_there_is() -> None:
    """As long as no version is released, the README installs from a clone, not from an index."""
    versions = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    released = any("unreleased" not in version for version in versions)
    assert ("$ pip install target-selligent" in readme) == released
    assert ("$ pip install ." in readme) != released
