"""The file keeps what was acknowledged, and nothing of what was not."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from target_selligent.snapshot.file import BrokenSnapshotError, Place, SnapshotFile, set_aside

if TYPE_CHECKING:
    from pathlib import Path

ROW, CHANGED, S, T = b"r" * 12, b"c" * 12, b"s" * 8, b"t" * 8
DAYS = range(1, 100)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "snapshot.db"


def test_rows_are_found_after_they_are_acknowledged_and_merged(path: Path) -> None:
    """Not in the run that sends them: there, only the order of the records of a key decides."""
    with closing(SnapshotFile(path)) as file:
        batch, first = file.note_sent([(1, ROW + S), (2, ROW + S), (3, ROW + S)], 5)
        file.note_sent([(4, ROW + S)], 5)
        file.acknowledge(batch, [first + 1])
        assert file.find([1, 2, 3, 4], DAYS) == {}
        file.merge(DAYS)
        assert file.find([1, 2, 3, 4, 5], DAYS) == {1: ROW + S, 3: ROW + S}
        assert file.find([1], range(6, 9)) == file.find([1], range(1, 5)) == {1: b""}


def test_what_is_sent_and_not_acknowledged_is_forgotten_after_a_kill(path: Path) -> None:
    """Selligent may have loaded it, or not."""
    with closing(SnapshotFile(path)) as file:
        batch, _ = file.note_sent([(1, ROW + S), (2, ROW + S)], 5)
        file.acknowledge(batch, [])
        file.merge(DAYS)
    copy = path.with_name("copy.db")
    with closing(SnapshotFile(path)) as file:
        file.blank([1])
        file.note_sent([(1, CHANGED + S)], 6)
        # What is on the disk now is what a kill leaves.
        for ending in ("", "-wal"):
            shutil.copy(f"{path}{ending}", f"{copy}{ending}")
    with closing(SnapshotFile(copy)) as file:
        file.merge(DAYS)
        assert file.find([1, 2], DAYS) == {2: ROW + S}


def test_the_last_row_of_a_key_counts(path: Path) -> None:
    """In the order of sending, whichever batch is acknowledged first; a row keeps all of its Segments of the run."""
    with closing(SnapshotFile(path)) as file:
        batches = [
            file.note_sent([(key, fingerprint)], day)[0]
            for key, fingerprint, day in (
                (1, ROW + S, 5),
                (1, CHANGED + S, 5),
                (2, CHANGED + S, 5),
                (2, ROW + S, 5),
                (2, ROW + T, 6),
                (3, ROW + S, 5),
            )
        ]
        unacknowledged, _ = file.note_sent([(3, CHANGED + S)], 5)
        for batch in reversed(batches):
            file.acknowledge(batch, [])
        file.merge(DAYS)
        assert file.find([1, 2, 3], DAYS) == {1: CHANGED + S, 2: ROW + S + T}
        assert file.find([2], range(6, 9)) == {2: b""}, "the oldest of its Segments counts"
        assert unacknowledged not in batches


def test_rows_that_are_too_old_are_deleted(path: Path) -> None:
    """The file does not grow with records that no longer come."""
    with closing(SnapshotFile(path)) as file:
        for key, day in ((1, 5), (2, 50)):
            file.acknowledge(file.note_sent([(key, ROW + S)], day)[0], [])
        file.merge(range(40, 60))
        assert file.find([1, 2], DAYS) == {2: ROW + S}


def test_a_new_salt_replaces_the_old_one_of_the_list(path: Path) -> None:
    """With other key fields, the old salt is gone, too."""
    place = Place("https://a", "org", "contacts", "key")
    with closing(SnapshotFile(path)) as file:
        file.store_salt(place, b"one")
        file.store_salt(place._replace(list_api_name="others"), b"other")
        assert file.find_salt(place) == b"one"
        file.store_salt(place._replace(key_fields="mail"), b"two")
        assert file.find_salt(place) is None
        assert file.find_salt(place._replace(list_api_name="others")) == b"other"


def test_space_is_given_back(path: Path) -> None:
    """A million rows need less than 64 bytes each; here, fewer of them."""
    count = 50_000
    with closing(SnapshotFile(path)) as file:
        for start in range(0, count, 1000):
            rows = [((start + number) * 184_467_440_737_095 % (1 << 63), ROW + S) for number in range(1000)]
            file.acknowledge(file.note_sent(rows, 5)[0], [])
        file.merge(DAYS)
        file.compact()
    assert path.stat().st_size < 64 * count


def test_a_broken_file_is_set_aside_with_its_side_files(path: Path) -> None:
    """SQLite must not take the old changes for those of a new file."""
    for ending in ("", "-wal", "-journal"):
        path.with_name(path.name + ending).write_bytes(b"broken")
    with pytest.raises(BrokenSnapshotError):
        SnapshotFile(path)
    aside = set_aside(path)
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == {aside.name: b"broken"}


def test_an_earlier_broken_file_is_kept(path: Path) -> None:
    """Each gets a name of its own."""
    for number in range(3):
        path.write_bytes(b"%d" % number)
        set_aside(path)
    names = ["snapshot.db.2.broken", "snapshot.db.3.broken", "snapshot.db.broken"]
    assert sorted(one.name for one in path.parent.iterdir()) == names
    assert [path.with_name(name).read_bytes() for name in names] == [b"1", b"2", b"0"]
