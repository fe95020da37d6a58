"""A PostgreSQL server of our own: in a temporary folder, on loopback only, gone at the end."""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from e2e import processes
from e2e.processes import E2EError

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = "crm"
_SERVER_USER = "postgres"
_LOOPBACK = "127.0.0.1"
_START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server.

    Args:
        binaries: Folder of its programs.
        port: Port on loopback.
        user: Superuser.
        password: That user's password.
    """

    binaries: Path
    port: int
    user: str
    password: str
    host: str = _LOOPBACK

    def execute(self, statements: str) -> None:
        """Run SQL statements, all or none."""
        self._psql(statements, "--single-transaction")

    def rows(self, query: str) -> list[str]:
        """Return the lines that a query of one text column gives."""
        return self._psql(query, "--tuples-only", "--no-align").rstrip("\n").split("\n")

    def value(self, query: str) -> str:
        """Return the only value of a query."""
        (line,) = self.rows(query)
        return line

    def ready(self) -> bool:
        """Return whether the server accepts connections."""
        command = [str(self.binaries / "pg_isready"), "--quiet", f"--host={self.host}", f"--port={self.port}"]
        return processes.run(command).code == 0

    def _psql(self, statements: str, *options: str, database: str = DATABASE) -> str:
        connection = [f"--host={self.host}", f"--port={self.port}", f"--username={self.user}", f"--dbname={database}"]
        command = [
            str(self.binaries / "psql"),
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            *options,
            *connection,
        ]
        env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        env |= {"PGPASSWORD": self.password, "PGCLIENTENCODING": "UTF8"}
        return processes.run([*command, *options, *connection], env=env, text=statements).must_succeed("psql").out

    def create_database(self) -> None:
        """Create the test's database; its time zone is not UTC, as in real life."""
        self._psql(f"CREATE DATABASE {DATABASE}", database="postgres")
        self._psql(f"ALTER DATABASE {DATABASE} SET timezone = 'America/St_Johns'", database="postgres")


@contextlib.contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    """Start a server, and stop it at the end.

    Args:
        folder: Existing folder for all its files.

    Yields:
        The server, with an empty database.
    """
    binaries = find_binaries() or _install()
    root = os.geteuid() == 0
    server_user = _SERVER_USER if root else None
    folder.chmod(0o700)
    if root:  # the server refuses to run as root
        shutil.chown(folder, _SERVER_USER)
    server = Postgres(binaries, _free_port(), "singer", secrets.token_urlsafe())
    data, password_file = folder / "data", folder / "password"
    password_file.write_text(server.password, encoding="utf-8")
    initdb = [
        *(str(binaries / "initdb"), f"--pgdata={data}", f"--username={server.user}", f"--pwfile={password_file}"),
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
    ]
    processes.run(initdb, user=server_user, cwd=folder).must_succeed("initdb")
    options = {"listen_addresses": server.host, "port": server.port, "unix_socket_directories": folder, "fsync": "off"}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    log = folder / "postgres.log"
    with log.open("w", encoding="utf-8") as stream:
        process = processes.start(
            [binaries / "postgres", "-D", data, *arguments], user=server_user, cwd=folder, log=stream
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not server.ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise E2EError(f"PostgreSQL does not start:\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.1)
        server.create_database()
        yield server
    finally:
        processes.stop(process, signal.SIGINT)  # PostgreSQL's fast shutdown


def find_binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL server's programs; None if there is none."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: float(folder.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _install() -> Path:
    """Install Debian's package where that is possible without asking anybody."""
    root = os.geteuid() == 0
    advice = "PostgreSQL's server is needed: apt-get update && apt-get install -y postgresql"
    if not shutil.which("apt-get") or not (root or _sudo()):
        raise E2EError(f"{advice} (as root; {getpass.getuser()} may not)")
    prefix = (
        ["env", "DEBIAN_FRONTEND=noninteractive"] if root else ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    )
    processes.run([*prefix, "apt-get", "update", "-qq"]).must_succeed("apt-get update")
    install = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "postgresql"]
    processes.run(install).must_succeed("apt-get install postgresql")
    binaries = find_binaries()
    if binaries is None:
        raise E2EError(advice)
    return binaries


def _sudo() -> bool:
    return bool(shutil.which("sudo")) and processes.run(["sudo", "-n", "true"]).code == 0


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port
