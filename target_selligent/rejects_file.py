"""The rejects file: lines are appended whole, whoever else appends to it or takes it away meanwhile."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from target_selligent.errors import DestinationError, RunStoppedError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWNER_ONLY = 0o600


@contextmanager
def locked(descriptor: int) -> Iterator[None]:
    """Keep other processes from appending to a file or moving it, where the system can."""
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if sys.platform != "win32":
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)


class RejectsFile:
    """A file to append to, readable by its owner only: it holds customers' data. Use it from one thread at a time.

    Args:
        path: The file, as `rejects_path` names it.

    Raises:
        DestinationError: If it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        try:
            self._path = Path(path).expanduser()
            self._descriptor = self._open()
        except (OSError, RuntimeError, ValueError) as error:
            # RuntimeError: `~` and no such user. ValueError: a NUL in the path.
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise DestinationError(f"rejects_path {path!r} cannot be opened: {reason}") from None

    def append(self, lines: bytes, *, if_moved: bytes) -> bool:
        """Append lines; they are in the file when this returns.

        Args:
            lines: The lines, with their newlines.
            if_moved: Lines that go before them if the file was moved, because a new file has nothing of this run.

        Returns:
            Whether that was so.

        Raises:
            RunStoppedError: If they cannot be written.
        """
        moved = False
        try:
            while True:
                with locked(self._descriptor):
                    if not self._was_moved():
                        self._write(if_moved + lines if moved else lines)
                        return moved
                os.close(self._descriptor)
                self._descriptor = self._open()
                moved = True
        except OSError as error:
            raise RunStoppedError(f"the rejects file cannot be written ({error.strerror}): see rejects_path") from None

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)

    def _was_moved(self) -> bool:
        ours = os.fstat(self._descriptor)
        if not stat.S_ISREG(ours.st_mode):
            return False
        try:
            return not os.path.samestat(ours, self._path.stat())
        except FileNotFoundError:
            return True

    def _write(self, lines: bytes) -> None:
        status = os.fstat(self._descriptor)
        # A full disk may have left half a line, which must not become part of this one.
        if stat.S_ISREG(status.st_mode) and status.st_size:
            os.lseek(self._descriptor, -1, os.SEEK_END)
            if os.read(self._descriptor, 1) != b"\n":
                lines = b"\n" + lines
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
