"""The snapshot of a run, over its batches; a broken file is replaced by a new one."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from target_selligent.errors import DestinationError
from target_selligent.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROW = b"r" * 20
DAY = 86_400


class Clock:
    """A clock that the test sets.

    Attributes:
        now: Seconds since 1970.
    """

    def __init__(self) -> None:
        self.now = 20_000.0 * DAY

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def opened(folder: Path, clock: Clock | None = None, *, organization: str = "org") -> Snapshot:
    """Return the snapshot of a folder."""
    path = str(folder / "snapshot.db")
    return Snapshot(path, "https://a", organization, 30, now=clock or Clock())


def write_broken_file(folder: Path) -> None:
    """Write the file of a run with keys below 20,000, of which all but the head is lost."""
    with closing(opened(folder)) as snapshot:
        snapshot.open_list("contacts", ["KEY"], renew=False)
        for start in range(0, 20_000, 1000):
            snapshot.note_sent(start, [(key, ROW) for key in range(start, start + 1000)])
            snapshot.acknowledge(start)
        snapshot.finish()
    path = folder / "snapshot.db"
    content = bytearray(path.read_bytes())
    content[4096 * 8 :] = os.urandom(len(content) - 4096 * 8)
    path.write_bytes(content)


def test_a_batch_is_known_to_the_next_run(tmp_path: Path) -> None:
    """Except for its rejected rows."""
    with closing(opened(tmp_path)) as snapshot:
        snapshot.note_sent(7, [(1, ROW), (2, ROW)])
        snapshot.note_rejected(7, 1)
        snapshot.acknowledge(7)
        snapshot.acknowledge(8)
        snapshot.finish()
    with closing(opened(tmp_path)) as snapshot:
        assert snapshot.find([1, 2]) == {1: ROW}
        snapshot.forget([1])
        snapshot.finish()
        assert snapshot.find([1, 2]) == {}


def test_a_run_that_is_not_finished_is_merged_by_the_next(tmp_path: Path) -> None:
    """As after a kill."""
    with closing(opened(tmp_path)) as snapshot:
        snapshot.note_sent(7, [(1, ROW)])
        snapshot.acknowledge(7)
        snapshot.note_sent(8, [(2, ROW)])
    with closing(opened(tmp_path)) as snapshot:
        assert snapshot.find([1, 2]) == {1: ROW}


def test_what_is_forgotten_in_a_run_is_not_found_again_in_it(tmp_path: Path) -> None:
    """It is sent, and so known to the next run only if it is acknowledged."""
    for acknowledged in (True, False):
        with closing(opened(tmp_path)) as snapshot:
            snapshot.note_sent(7, [(1, ROW)])
            snapshot.acknowledge(7)
            snapshot.finish()
            snapshot.forget_in_run([1])
            assert snapshot.find([1]) == {1: b""}
            snapshot.note_sent(8, [(1, ROW)])
            if acknowledged:
                snapshot.acknowledge(8)
        with closing(opened(tmp_path)) as snapshot:
            assert snapshot.find([1]) == ({1: ROW} if acknowledged else {})


def test_rows_get_too_old(tmp_path: Path) -> None:
    """Those of the future are not trusted, either."""
    clock = Clock()
    with closing(opened(tmp_path, clock)) as snapshot:
        snapshot.note_sent(7, [(1, ROW)])
        snapshot.acknowledge(7)
        snapshot.finish()
        for days, known in ((29, ROW), (30, b""), (-1, b"")):
            clock.now = (20_000 + days) * DAY
            assert snapshot.find([1]) == {1: known}


def test_lists_have_salts_of_their_own(tmp_path: Path) -> None:
    """A salt stays from run to run, until it is renewed or the key fields change."""
    with closing(opened(tmp_path)) as snapshot:
        salt = snapshot.open_list("contacts", ["KEY"], renew=False)
        assert snapshot.open_list("others", ["KEY"], renew=False) != salt
    with closing(opened(tmp_path, organization="other")) as snapshot:
        assert snapshot.open_list("contacts", ["KEY"], renew=False) != salt
    with closing(opened(tmp_path)) as snapshot:
        assert snapshot.open_list("CONTACTS", ["key"], renew=False) == salt
        renewed = snapshot.open_list("contacts", ["key"], renew=True)
        assert len({salt, renewed, snapshot.open_list("contacts", ["mail"], renew=False)}) == 3


def test_a_file_that_breaks_in_a_run_is_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is known then; what is acknowledged later is known to the next run, by the same salt."""
    write_broken_file(tmp_path)
    with closing(opened(tmp_path)) as snapshot:
        salt = snapshot.open_list("contacts", ["KEY"], renew=False)
        snapshot.note_sent(1, [(30_000, ROW)])
        assert snapshot.find(list(range(20_000))) == {}
        assert "cannot be used" in caplog.text
        snapshot.acknowledge(1)
        snapshot.note_sent(2, [(30_001, ROW)])
        snapshot.acknowledge(2)
        snapshot.finish()
        assert snapshot.find([30_000, 30_001]) == {30_001: ROW}
    with closing(opened(tmp_path)) as snapshot:
        assert snapshot.open_list("contacts", ["KEY"], renew=False) == salt


def test_batches_before_a_file_broke_are_not_acknowledged_in_the_new_one(tmp_path: Path) -> None:
    """They are sent again; a batch that was noted since is not taken for one of them."""
    write_broken_file(tmp_path)
    with closing(opened(tmp_path)) as snapshot:
        snapshot.note_sent(1, [(30_000, ROW)])
        assert snapshot.find(list(range(20_000))) == {}
        snapshot.note_sent(2, [(30_001, ROW)])
        snapshot.acknowledge(1)
    with closing(opened(tmp_path)) as snapshot:
        assert snapshot.find([30_000, 30_001]) == {}


def test_a_copy_of_a_file_that_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that must not change the file says that another one uses it, also if a file beside it vanishes."""
    with closing(opened(tmp_path)) as snapshot:
        snapshot.note_sent(1, [(1, ROW)])
        snapshot.finish()
    (tmp_path / "snapshot.db-wal").touch()
    copy = shutil.copyfile
    changes: list[Callable[[Path], object]] = [
        lambda path: os.utime(path, (1, 1)),
        lambda path: path.with_name("snapshot.db-wal").unlink(),
    ]
    for change in changes:

        def change_and_copy(path: Path, to: Path, change: Callable[[Path], object] = change) -> None:
            copy(path, to)
            if path.name == "snapshot.db":
                change(path)

        monkeypatch.setattr(shutil, "copyfile", change_and_copy)
        with pytest.raises(DestinationError, match=r"snapshot\.db' is in use by another run"):
            Snapshot(str(tmp_path / "snapshot.db"), "https://a", "org", 30, writes=False)


def test_a_second_run_at_the_same_time(tmp_path: Path) -> None:
    """It is refused, also in the same process."""
    with closing(opened(tmp_path)), pytest.raises(DestinationError, match="in use by another run"):
        opened(tmp_path)


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize("name", ["missing/snapshot.db", "x\0y", "~nobody-has-this-name/x"])
def test_a_file_that_cannot_be_opened(tmp_path: Path, name: str, *, writes: bool) -> None:
    """The error names the setting, also if the file would not be changed."""
    path = name if name.startswith("~") else f"{tmp_path}/{name}"
    with pytest.raises(DestinationError, match=r"snapshot_path .* cannot be opened"):
        Snapshot(path, "https://a", "org", 30, writes=writes)
