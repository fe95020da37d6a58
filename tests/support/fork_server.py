"""Starts the installed command in processes that have the target's imports done already.

Python takes most of a second of the processor to import the target, and the tests start it thousands of times. So a
server imports it once, and forks a process for each start. The process has its own arguments, environment, folder and
pipes, and runs the installed script from its first line.

`TESTS_START_ANEW=1` starts an interpreter for each run instead, as do systems without process descriptors.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from io import BufferedReader, BufferedWriter
    from typing import IO, NoReturn

_READ_AT_START = ("PYTHON", "LANG", "LC_", "COVERAGE", "LD_", "MALLOC_")
"""Variables that an interpreter reads when it starts: a forked process would not see them."""
_VARIABLES_THAT_CHANGE_A_RUN = ("TARGET_SELLIGENT_", "LOGLEVEL", "SINGER_SDK_LOG_CONFIG", "PYTHONUNBUFFERED")
_REQUEST_BYTES = 1 << 20
_FILES = 4
"""How many files come with a request: the three of the process, and a socket for its number and its exit code."""


def clean_environment() -> dict[str, str]:
    """Return the environment without the variables that would change a run."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_VARIABLES_THAT_CHANGE_A_RUN) and not name.lower().endswith("_proxy")
    }


def can_fork(program: str, env: Mapping[str, str]) -> bool:
    """Return whether a program is a script of this environment that may run in a forked process.

    Args:
        program: The file that is started.
        env: Its environment variables.
    """
    path = Path(program)
    return (
        hasattr(os, "pidfd_open")
        and path.parent == Path(sys.executable).parent
        and path.name.startswith("target-selligent")
        and not env.get("TESTS_START_ANEW")
        and _variables_of_start(env) == _variables_of_start(clean_environment())
    )


def _variables_of_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_READ_AT_START)}


class ForkedProcess:
    """A process of the server, in the shape of `subprocess.Popen`.

    Args:
        command: The script and its arguments.
        stderr: Where it writes its log.
        cwd: Its folder.
        env: Its environment variables.
    """

    stdin: BufferedWriter
    stdout: BufferedReader

    def __init__(self, command: Sequence[str], *, stderr: IO[bytes], cwd: Path, env: Mapping[str, str]) -> None:
        self.returncode: int | None = None
        self._news, news = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        its_stdin, stdin = os.pipe()
        stdout, its_stdout = os.pipe()
        request = json.dumps({"command": list(command), "cwd": str(cwd), "env": dict(env)}).encode()
        files = [its_stdin, its_stdout, stderr.fileno(), news.fileno()]
        socket.send_fds(_start_server(), [request], files)
        os.close(its_stdin)
        os.close(its_stdout)
        news.close()
        self.stdin, self.stdout = os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb")
        self.pid = self._receive()

    def poll(self) -> int | None:
        """Return its exit code, as of `subprocess`, or None while it runs."""
        with contextlib.suppress(BlockingIOError):
            self._wait(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait until it ends, and return its exit code.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            subprocess.TimeoutExpired: If it runs on.
        """
        try:
            return self._wait(timeout)
        except TimeoutError:
            raise subprocess.TimeoutExpired(str(self.pid), timeout) from None

    def send_signal(self, number: int) -> None:
        """Send it a signal if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def _wait(self, timeout: float) -> int:
        if self.returncode is None:
            self._news.settimeout(timeout)
            self.returncode = self._receive()
            self._news.close()
        return self.returncode

    def _receive(self) -> int:
        number = self._news.recv(32)
        assert number, "the server that forks the command has ended"
        return int(number)


@cache
def _start_server() -> socket.socket:
    """Start the server of this process, which ends with it; return the socket that takes requests."""
    requests, its_requests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    requests.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _REQUEST_BYTES)
    with its_requests:
        number = its_requests.fileno()
        command = [sys.executable, __file__, str(number)]
        _servers.append(subprocess.Popen(command, pass_fds=[number], env=clean_environment()))
    return requests


_servers: list[subprocess.Popen[bytes]] = []
"""A `Popen` that nobody holds warns that its process still runs."""


class _Server:
    """Forks processes, and says with which code each has ended.

    Args:
        requests: Gives the requests.
    """

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._selector = DefaultSelector()
        self._selector.register(requests, EVENT_READ)

    def run(self) -> None:
        """Serve until no request can come."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._requests:
                    self._finish(key.fd, *key.data)
                elif not self._serve():
                    return

    def _serve(self) -> bool:
        content, files, _, _ = socket.recv_fds(self._requests, _REQUEST_BYTES, _FILES)
        if not content:
            return False
        *streams, news = files
        pid = os.fork()
        if not pid:
            self._forget()
            os.close(news)
            _become(streams, **json.loads(content))
        for file in streams:
            os.close(file)
        client = socket.socket(fileno=news)
        client.send(str(pid).encode())
        self._selector.register(os.pidfd_open(pid), EVENT_READ, (pid, client))
        return True

    def _finish(self, descriptor: int, pid: int, client: socket.socket) -> None:
        self._selector.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        with client, contextlib.suppress(OSError):
            client.send(str(os.waitstatus_to_exitcode(status)).encode())

    def _forget(self) -> None:
        """Close in a forked process what belongs to the server."""
        for key in list(self._selector.get_map().values()):
            if key.fileobj is not self._requests:
                os.close(key.fd)
                key.data[1].close()
        self._selector.close()
        self._requests.close()


def _become(streams: list[int], command: list[str], cwd: str, env: dict[str, str]) -> NoReturn:
    """Run a script in this process, as if it were started anew, and end."""
    for number, file in enumerate(streams):
        os.dup2(file, number)
        os.close(file)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = command
    runpy.run_path(command[0], run_name="__main__")
    sys.exit()


def main(requests: str) -> None:
    """Import what the command imports, then fork processes.

    Args:
        requests: The number of the socket that gives the requests.
    """
    # A script finds modules beside itself, as the installed command does in the folder of the interpreter.
    sys.path[0] = str(Path(sys.executable).parent)
    import target_selligent.command  # noqa: F401, PLC0415 - only the server needs it

    with socket.socket(fileno=int(requests)) as opened:
        _Server(opened).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
