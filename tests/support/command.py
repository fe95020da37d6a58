"""The installed command: a run of it, and what it printed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO

from .fork_server import ForkedProcess, can_fork, clean_environment
from .messages import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from .messages import Message

COMMAND = Path(sys.executable).with_name("target-selligent")

_TIMEOUT = 120
"""Seconds after which a run counts as endless."""

_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class FinishedRun:
    """A run of the command that has ended.

    Args:
        returncode: Its exit code; negative if a signal killed it.
        stdout: What it printed.
        stderr: Its log.
        moments: When each line of standard output was read.
    """

    returncode: int
    stdout: str
    stderr: str
    moments: tuple[float, ...] = ()

    @property
    def states(self) -> list[Any]:
        """The values of the STATEs that it printed."""
        *lines, rest = self.stdout.split("\n")
        if rest and self.returncode != -signal.SIGKILL:
            lines.append(rest)
        return [json.loads(line) for line in lines]

    @property
    def printed(self) -> list[tuple[float, Any]]:
        """The values of the STATEs that it printed, each with the moment it was read."""
        return list(zip(self.moments, self.states))  # noqa: B905 - a killed run may have begun a line

    @property
    def position(self) -> int:
        """The position in the last STATE printed, from which a tap starts again; 0 if there is none."""
        states = self.states
        return int(states[-1]["position"]) if states else 0

    @property
    def log(self) -> list[str]:
        """The lines of its log, without time, level and logger."""
        return [line.rpartition("| ")[2] for line in self.stderr.splitlines()]

    def succeeded(self) -> FinishedRun:
        """Return the run; fail if its exit code is not 0."""
        assert self.returncode == 0, self.stderr
        return self

    def error_line(self) -> str:
        """Return the only error line of a run that failed for a reason that the user can fix."""
        assert self.returncode == 1, (self.returncode, self.stderr)
        assert "Traceback" not in self.stderr, self.stderr
        lines = [line for line in self.stderr.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1, self.stderr
        assert self.stderr.splitlines()[-1] == lines[0], self.stderr
        return lines[0]


def _start(
    command: list[str], stderr: BinaryIO, cwd: Path, env: dict[str, str]
) -> ForkedProcess | subprocess.Popen[bytes]:
    if can_fork(command[0], env):
        return ForkedProcess(command, stderr=stderr, cwd=cwd, env=env)
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, cwd=cwd, env=env)


class RunningCommand:
    """The command while it runs; a context manager that leaves no process behind.

    Args:
        config: Content of the config file; None for no file.
        args: Its arguments, after those that name the config file.
        env: Environment variables to add.
        cwd: Working directory; by default an empty one, with nothing but config file and log.
        program: What to run; by default the installed command.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None,
        *args: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        program: Sequence[str] = (str(COMMAND),),
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        if config is not None:
            (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
            args = ("--config", str(folder / "config.json"), *args)
        self._log = (folder / "log").open("w+b")
        self.process = _start([*program, *args], self._log, cwd or folder, clean_environment() | dict(env or {}))
        self._lines: list[tuple[float, bytes]] = []
        self._unread_lines: SimpleQueue[bytes] = SimpleQueue()
        self._writer: threading.Thread | None = None
        self._reader = threading.Thread(target=self._read_output)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.finish()
        self._log.close()
        self._folder.cleanup()

    @property
    def printed_count(self) -> int:
        """How many lines it has printed so far."""
        return len(self._lines)

    def write(self, content: bytes) -> None:
        """Write to standard input; nothing happens if the process has ended."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(content)
            self.process.stdin.flush()

    def write_in_background(self, content: bytes, *, close: bool = True) -> None:
        """Write to standard input as fast as the command reads, then close it."""

        def write() -> None:
            self.write(content)
            if close:
                self._close_input()

        self._writer = threading.Thread(target=write)
        self._writer.start()

    def has_read_all(self) -> bool:
        """Whether the background has written everything and the command has read it: the pipe is empty."""
        if self._writer is None or self._writer.is_alive():
            return False
        assert self.process.stdin is not None
        waiting = fcntl.ioctl(self.process.stdin.fileno(), termios.FIONREAD, bytes(4))
        return not any(waiting)

    def read_state(self) -> Any:
        """Wait for the next STATE that it prints, and return its value."""
        line = self._unread_lines.get(timeout=_TIMEOUT)
        assert line, f"it ended without another STATE: {self.read_log()}"
        return json.loads(line)

    def read_log(self) -> str:
        """Return what it has logged so far."""
        return Path(self._log.name).read_text(encoding="utf-8")

    def peak_memory(self) -> int:
        """Return the most bytes of memory that it has used so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) << 10

    def wait_until(self, is_true: Callable[[], bool]) -> bool:
        """Wait until a condition is true; return False if the process ended before."""
        ends = time.monotonic() + _TIMEOUT
        while not is_true():
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < ends, "it never happened"
            threading.Event().wait(_POLL_SECONDS)
        return True

    def finish(self) -> FinishedRun:
        """Close standard input once everything is written, and wait for the end."""
        if self._writer is None:
            self._close_input()
        code = self.process.wait(_TIMEOUT)
        if self._writer is not None:
            self._writer.join()
            self._close_input()
        self._reader.join()
        self._log.seek(0)
        stdout = b"".join(line for _, line in self._lines).decode()
        moments = tuple(moment for moment, _ in self._lines)
        return FinishedRun(code, stdout, self._log.read().decode(), moments)

    def _close_input(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.append((time.monotonic(), line))
                self._unread_lines.put(line)
        self._unread_lines.put(b"")


def run_command(
    *args: str,
    messages: Iterable[Message] | bytes = b"",
    config: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    program: Sequence[str] = (str(COMMAND),),
) -> FinishedRun:
    """Run the installed command to its end.

    Args:
        args: Its arguments.
        messages: Standard input.
        config: As for `RunningCommand`, like the arguments below.
        env: Environment variables to add.
        cwd: Working directory.
        program: What to run.
    """
    with RunningCommand(config, *args, env=env, cwd=cwd, program=program) as command:
        command.write_in_background(messages if isinstance(messages, bytes) else encode(messages))
        return command.finish()


def run_target(
    config: Mapping[str, Any],
    messages: Iterable[Message] | bytes,
    *args: str,
    env: Mapping[str, str] | None = None,
) -> FinishedRun:
    """Run the installed command with a config file; arguments as for `run_command`."""
    return run_command(*args, messages=messages, config=config, env=env)


def run_in_shell(
    script: str,
    config: Mapping[str, Any],
    messages: Iterable[Message],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> FinishedRun:
    """Run a bash script in which `"$0" "$@"` is the installed command with its config file."""
    program = ["/bin/bash", "-c", script, str(COMMAND)]
    return run_command(messages=messages, config=config, env=env, cwd=cwd, program=program)
