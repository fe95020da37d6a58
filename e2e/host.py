"""Meltano as the host of tap and target: its environment, its project folder, its commands.

Environments are kept in `.e2e` between runs. Meltano runs in a folder of its own there that holds the project's
`meltano.yml`, so that a developer's `.env`, pipeline state and rejects file are neither used nor touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e import processes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.processes import Finished

ROOT = Path(__file__).resolve().parent.parent
TAP, TARGET = "tap-postgres", "target-selligent"
STATE_ID = f"test:{TAP}-to-{TARGET}"

_CACHE = ROOT / ".e2e"
_HOST_PINS = "e2e/constraints.txt"
_TARGET_PINS = "constraints.txt"
_LINKED = ("pyproject.toml", "README.md", "LICENSE", "target_selligent")
_OWN_VARIABLES = ("MELTANO", "TAP_", "TARGET_", "SINGER_", "PG", "VIRTUAL_ENV", "PYTHONPATH", "UV_CONSTRAINT")
_INSTALL_SECONDS = 900


class Meltano:
    """Meltano, installed.

    Args:
        settings: Environment variables for all its commands.
        database: File for its system database, which holds the pipeline's state.
    """

    def __init__(self, settings: Mapping[str, str], database: Path) -> None:
        self._project = _CACHE / "project"
        self._command = _CACHE / "meltano" / "bin" / "meltano"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_VARIABLES)}
        self._environment = {
            **inherited,
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
            "MELTANO_CLI_LOG_FORMAT": "uncolored",
            "MELTANO_DATABASE_URI": f"sqlite:///{database}",
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "NO_COLOR": "1",
            **settings,
        }

    def install(self) -> bool:
        """Make the environments of Meltano, tap and target, unless they are there as they should be.

        Returns:
            Whether anything was installed.
        """
        host_digest = _digest(_HOST_PINS)
        host_is_new = not _is_stamped(self._command.parent.parent, host_digest)
        if host_is_new:
            self._install_host()
            _stamp(self._command.parent.parent, host_digest)
        self._project.mkdir(exist_ok=True)
        for name in _LINKED:
            if not (link := self._project / name).is_symlink():
                link.symlink_to(Path("../..") / name)
        shutil.copyfile(ROOT / "meltano.yml", self._project / "meltano.yml")
        plugins_digest = _digest(_HOST_PINS, _TARGET_PINS, "meltano.yml", "pyproject.toml")
        if host_is_new or not _is_stamped(self._project, plugins_digest):
            for name, pins in ((TAP, _HOST_PINS), (TARGET, _TARGET_PINS)):
                # Each plugin has its own environment, so the pins need not agree with each other.
                pinned = {"UV_CONSTRAINT": f"../../{pins}", "PIP_CONSTRAINT": f"../../{pins}"}
                installed = self._run("install", "--clean", name, more=pinned, seconds=_INSTALL_SECONDS)
                installed.must_succeed(f"meltano install {name}")
            _stamp(self._project, plugins_digest)
            return True
        return False

    def _install_host(self) -> None:
        folder = self._command.parent.parent
        venv.create(folder, clear=True, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        install = [*pip, "install", "--constraint", str(ROOT / _HOST_PINS), "meltano"]
        processes.run(install, seconds=_INSTALL_SECONDS).must_succeed("pip install meltano")

    def versions(self) -> str:
        """Return which versions take part."""
        outputs = [processes.run([self._command, "--version"], env=self._environment).out.replace(", version", "")]
        for kind, name in (("extractors", TAP), ("loaders", TARGET)):
            command = self._project / ".meltano" / kind / name / "venv" / "bin" / name
            outputs.append(processes.run([command, "--version"]).must_succeed(name).out)
        return ", ".join(output.strip().partition(", Meltano SDK")[0] for output in outputs)

    def run_pipeline(self, more: Mapping[str, str] | None = None) -> Finished:
        """Run tap and target once.

        Args:
            more: Environment variables that override those of all commands.

        Returns:
            How it ended.
        """
        return self._run("run", TAP, TARGET, more=more)

    def test_target(self, more: Mapping[str, str]) -> Finished:
        """Let Meltano test the target."""
        return self._run("--environment=test", "config", "test", TARGET, more=more)

    def run_in(
        self, folder: Path, *arguments: str, more: Mapping[str, str] | None = None, constraints: bool = False
    ) -> Finished:
        """Run a command of Meltano in another folder than that of the project.

        Args:
            folder: The folder.
            arguments: The command.
            more: Environment variables that override those of all commands.
            constraints: Whether what is installed is what the target is tested with.
        """
        pins = {name: str(ROOT / _TARGET_PINS) for name in ("UV_CONSTRAINT", "PIP_CONSTRAINT")} if constraints else {}
        environment = self._environment | pins | dict(more or {})
        return processes.run([self._command, *arguments], env=environment, cwd=folder, seconds=_INSTALL_SECONDS)

    def check_target(self, more: Mapping[str, str]) -> Finished:
        """Run the target's command `check`."""
        return self._run("--environment=test", "invoke", f"{TARGET}:check", more=more)

    def state(self) -> dict[str, Any] | None:
        """Return the state that is stored for the pipeline; None if there is none."""
        found = self._run("state", "get", STATE_ID)
        text = found.must_succeed("meltano state get").out.strip()
        state: dict[str, Any] = json.loads(text) if text else {}
        return state or None

    def _run(self, *arguments: str, more: Mapping[str, str] | None = None, seconds: float = 300) -> Finished:
        environment = self._environment | dict(more or {})
        return processes.run([self._command, *arguments], env=environment, cwd=self._project, seconds=seconds)


def _digest(*names: str) -> str:
    """Return what an environment made from these files is known by."""
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    for name in names:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _is_stamped(folder: Path, digest: str) -> bool:
    stamp = folder / ".made-from"
    return stamp.is_file() and stamp.read_text(encoding="ascii") == digest


def _stamp(folder: Path, digest: str) -> None:
    (folder / ".made-from").write_text(digest, encoding="ascii")
