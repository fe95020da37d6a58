"""The rejects file. Each line is appended whole, even if other processes append to the file or move it."""

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
    """Lock a file, so that no other process of ours appends to it or moves it. Without effect on Windows.

    Args:
        descriptor: The descriptor of the open file.
    """
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
    """A file to which lines are appended. Only its owner can read it, because it contains personal data.

    Only one thread at a time may use it.

    Args:
        path: The file, as in the setting `rejects_path`.

    Raises:
        DestinationError: If it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        try:
            self._path = Path(path).expanduser()
            self._descriptor = self._open()
        except (OSError, RuntimeError, ValueError) as error:
            # RuntimeError: `~` with an unknown user. ValueError: a NUL in the path.
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise DestinationError(f"rejects_path {path!r} cannot be opened: {reason}") from None

    def append(self, lines: bytes, *, if_moved: bytes) -> bool:
        """Append lines. They are in the file when this method returns.

        Args:
            lines: The lines, with their newlines.
            if_moved: Lines to write before them if the file was moved, because the new file has no lines of this run.

        Returns:
            Whether the file was moved since the last call.

        Raises:
            RunStoppedError: If the file cannot be written.
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
        """Return whether the path is no longer the open file. A device or pipe is never moved."""
        opened = os.fstat(self._descriptor)
        if not stat.S_ISREG(opened.st_mode):
            return False
        try:
            return not os.path.samestat(opened, self._path.stat())
        except FileNotFoundError:
            return True

    def _write(self, lines: bytes) -> None:
        status = os.fstat(self._descriptor)
        # If the disk was full, the file may end with an incomplete line. The new lines must not continue it.
        if stat.S_ISREG(status.st_mode) and status.st_size:
            os.lseek(self._descriptor, -1, os.SEEK_END)
            if os.read(self._descriptor, 1) != b"\n":
                lines = b"\n" + lines
        unwritten = memoryview(lines)
        while unwritten:
            unwritten = unwritten[os.write(self._descriptor, unwritten) :]
