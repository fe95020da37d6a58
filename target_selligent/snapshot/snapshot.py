"""The snapshot of a run: what Selligent has acknowledged last for each key, also by earlier runs."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from target_selligent.errors import DestinationError
from target_selligent.snapshot.file import BrokenSnapshotError, Place, SnapshotFile, copy_file, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

logger = logging.getLogger("target-selligent")

_SALT_BYTES = 32
_SECONDS_A_DAY = 86_400
_T = TypeVar("_T")


class Snapshot:
    """What Selligent has acknowledged last for each key. May be used from any thread.

    If the file turns out to be broken, it is set aside and a new one is used: then nothing is known of any key.

    Args:
        path: The file, as in the setting `snapshot_path`.
        base_url: The address of the tenant.
        organization: The tenant's organization.
        max_age_days: After how many days a row is no longer known.
        writes: Whether the file may be changed. If not, a temporary copy is used.
        now: Returns the current time, in seconds since 1970.

    Raises:
        DestinationError: If the file cannot be opened, or if another run uses it.
    """

    def __init__(  # noqa: PLR0913 - what it belongs to, and how it is used
        self,
        path: str,
        base_url: str,
        organization: str,
        max_age_days: int,
        *,
        writes: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._tenant = (base_url.casefold(), organization)
        self._max_age_days = max_age_days
        self._now = now
        self._guard = threading.RLock()
        self._salts: dict[Place, bytes] = {}
        self._batches: dict[int, tuple[int, int]] = {}
        self._rejected: defaultdict[int, set[int]] = defaultdict(set)
        self._is_copy = not writes
        with ExitStack() as on_error:
            try:
                self._path = self._shown = Path(path).expanduser()
                if self._is_copy:
                    folder = on_error.enter_context(TemporaryDirectory(prefix="target-selligent-"))
                    self._path = copy_file(self._shown, Path(folder))
                try:
                    self._file = self._open()
                except BrokenSnapshotError as error:
                    self._start_over(error)
            except (OSError, RuntimeError, ValueError) as error:
                # RuntimeError: `~` with an unknown user. ValueError: a NUL in the path.
                reason = error.strerror if isinstance(error, OSError) else str(error)
                raise DestinationError(f"snapshot_path {path!r} cannot be opened: {reason}") from None
            self._remove_copy = on_error.pop_all().close

    def open_list(self, list_api_name: str, key_fields: Iterable[str], *, renew: bool) -> bytes:
        """Return the salt for the hashes of a List's keys and rows.

        Args:
            list_api_name: The List.
            key_fields: The fields that identify a record.
            renew: Whether nothing that is known of the List counts, because the run has created it.
        """
        names = sorted(name.casefold() for name in key_fields)
        place = Place(*self._tenant, list_api_name.casefold(), ",".join(names))
        with self._guard:
            salt = None if renew else self._use(lambda file: file.find_salt(place))
            if salt is None:
                salt = os.urandom(_SALT_BYTES)
                self._use(lambda file: file.store_salt(place, salt))
            self._salts[place] = salt
        return salt

    def find(self, keys: Sequence[int]) -> Mapping[int, bytes]:
        """Return what is known of keys; empty for those that are too old or were sent in this run before.

        Args:
            keys: The hashes of the keys.
        """
        return self._use(lambda file: file.find(keys, self._days))

    def forget_in_run(self, keys: Sequence[int]) -> None:
        """Forget keys for the rest of the run: rows of them were sent or rejected."""
        if keys:
            self._use(lambda file: file.blank(keys))

    def note_sent(self, ticket: int, fingerprints: Sequence[tuple[int, bytes]]) -> None:
        """Note the rows of a batch before it is sent. Nothing is known of their keys, also after a kill.

        Args:
            ticket: The ticket of the batch.
            fingerprints: The hash of each row's key, and the row's fingerprint.
        """
        with self._guard:
            self._batches[ticket] = self._use(lambda file: file.note_sent(fingerprints, self._today))

    def note_rejected(self, ticket: int, index: int) -> None:
        """Note that a row was rejected, or a membership of it: it must be sent again.

        Args:
            ticket: The ticket of its batch.
            index: The index of the row in its batch.
        """
        with self._guard:
            self._rejected[ticket].add(index)

    def acknowledge(self, ticket: int) -> None:
        """Note that the rows of a batch are loaded, before a STATE says so.

        Args:
            ticket: The ticket of the batch.
        """
        with self._guard:
            batch, first = self._batches.pop(ticket, (0, 0))
            rejected = [first + index for index in self._rejected.pop(ticket, ())]
            if batch:
                self._use(lambda file: file.acknowledge(batch, rejected))

    def forget(self, keys: Sequence[int]) -> None:
        """Forget keys for good, before their records are changed in another way than by rows."""
        self._use(lambda file: file.note_sent([(key, b"") for key in keys], self._today))

    def finish(self) -> None:
        """Merge what this run has sent, when it is loaded. Without this, the next run does so."""

        def merge(file: SnapshotFile) -> None:
            file.merge(self._days)
            file.compact()

        self._use(merge)

    def close(self) -> None:
        """Close the file, so that another run can use it."""
        with self._guard:
            self._file.close()
            self._remove_copy()

    @property
    def _today(self) -> int:
        return int(self._now() // _SECONDS_A_DAY)

    @property
    def _days(self) -> range:
        """The days on which a row was sent that is still known."""
        return range(self._today - self._max_age_days + 1, self._today + 1)

    def _open(self) -> SnapshotFile:
        """Open the file, with what an earlier run has left to be merged."""
        file = SnapshotFile(self._path, self._shown)
        try:
            file.merge(self._days)
        except BaseException:
            file.close()
            raise
        return file

    def _use(self, operation: Callable[[SnapshotFile], _T]) -> _T:
        """Do something with the file; if it is broken, with a new one."""
        with self._guard:
            try:
                return operation(self._file)
            except BrokenSnapshotError as error:
                self._file.close()
                self._start_over(error)
                return operation(self._file)

    def _start_over(self, error: BrokenSnapshotError) -> None:
        """Set a broken file aside, and open a new one."""
        aside = set_aside(self._path)
        if not self._is_copy:
            logger.warning(
                "snapshot_path %s cannot be used (%s): it is now %s, and all records are sent again",
                self._shown,
                error,
                aside.name,
            )
        else:
            logger.warning("snapshot_path %s cannot be used (%s): all records would be sent", self._shown, error)
        self._batches.clear()
        self._file = SnapshotFile(self._path, self._shown)
        for place, salt in self._salts.items():
            self._file.store_salt(place, salt)
