"""Commands and servers of the test: started here, and ended here whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_GRACE_SECONDS = 15
_SHOWN_LINES = 60


class E2EError(Exception):
    """The test cannot go on."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended.

    Args:
        code: Its exit code.
        out: What it wrote to stdout.
        log: What it wrote to stderr.
    """

    code: int
    out: str
    log: str

    def must_succeed(self, what: str) -> Finished:
        """Return itself; raise E2EError with the end of its output if the command failed."""
        if self.code != 0:
            raise E2EError(f"{what} ended with code {self.code}:\n{self.tail()}")
        return self

    def tail(self) -> str:
        """Return the end of what it wrote, without the source code that rich draws boxes around."""
        lines = [line for line in (self.out + self.log).splitlines() if not line.startswith(("│", "╭", "╰"))]
        return "\n".join(f"    | {line}" for line in lines[-_SHOWN_LINES:])


def start(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    log: IO[str] | None = None,
) -> subprocess.Popen[str]:
    """Start a command in a process group of its own, so that Ctrl-C reaches this program only, which ends it then.

    Args:
        command: Program and arguments.
        env: Its environment; this program's if None.
        cwd: Its working directory.
        user: User it runs as; this program's if None.
        log: Where it writes, if it is a server; pipes if None.

    Returns:
        The running process.
    """
    return subprocess.Popen(
        command,
        env=env,
        cwd=cwd,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        stdin=subprocess.DEVNULL if log else subprocess.PIPE,
        stdout=log or subprocess.PIPE,
        stderr=subprocess.STDOUT if log else subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def stop(process: subprocess.Popen[str], sign: int = signal.SIGTERM) -> None:
    """End a process that `start` returned and all that it started; return when it is gone.

    Args:
        process: The process.
        sign: Signal that asks it to end; after a while, it is killed.
    """
    for attempt in (sign, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, attempt)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
            break
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def run(  # noqa: PLR0913 - as many as `start` has
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    text: str = "",
    seconds: float = 300,
) -> Finished:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        env: Its environment; this program's if None.
        cwd: Its working directory.
        user: User it runs as; this program's if None.
        text: What it reads on stdin.
        seconds: How long it may take.

    Returns:
        How it ended.

    Raises:
        E2EError: If it is not there or takes too long.
    """
    try:
        process = start(command, env=env, cwd=cwd, user=user)
    except FileNotFoundError as error:
        raise E2EError(f"{command[0]} is not there: {error}") from None
    try:
        out, log = process.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise E2EError(f"{command[0]} took more than {seconds:.0f} s") from None
    finally:
        if process.poll() is None:
            stop(process)
    return Finished(process.returncode, out, log)
