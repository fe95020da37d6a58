"""Keys and records of a whole run: which rows of a batch are the first of their key, and the last record of a key."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.body import decode_row, encode_row
from target_selligent.batches.run_store import FirstRows, LoadedKeys, SpooledRecords, SpooledRow


@given(
    st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.booleans(), st.booleans()), max_size=12),
    st.integers(1, 5),
)
def test_the_first_good_row_of_each_key(rows: list[tuple[bytes, bool, bool]], size: int) -> None:
    """Over all batches, the first good row of a key is sent and none after it. Each row not sent is counted."""
    seen = LoadedKeys()
    sent: list[int] = []
    left_out = 0
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        usable = [index for index, (_, _, is_lost) in enumerate(batch) if not is_lost]
        firsts = FirstRows([key for key, _, _ in batch], usable, seen)
        refused: set[int] = set()
        to_send = firsts.indexes
        while to_send:
            assert len({batch[index][0] for index in to_send}) == len(to_send)
            assert to_send == sorted(to_send)
            sent += [start + index for index in to_send]
            new = {index for index in to_send if not batch[index][1]}
            refused |= new
            to_send = firsts.replacements_for(new)
        left_out += firsts.finish(refused)

    wanted: list[int] = []
    loaded: set[bytes] = set()
    for number, (key, good, is_lost) in enumerate(rows):
        if not is_lost and key not in loaded:
            wanted.append(number)
            if good:
                loaded.add(key)
    assert sorted(sent) == wanted
    assert left_out == sum(not is_lost for _, _, is_lost in rows) - len(wanted)


def spooled(number: int, fields: tuple[str, ...], *row: Any, segments: tuple[str, ...] = ()) -> SpooledRow:
    """Return a row of a record; its first field is the key."""
    return SpooledRow(number % 3, number, row[0], fields, encode_row(row), b"%d" % number, segments)


def contents(records: SpooledRecords) -> list[tuple[int, Any, dict[str, Any], set[str]]]:
    """Return the number, the key, the values by field and the Segments of each record."""
    return [
        (row.number, row.key, dict(zip(row.fields, decode_row(row.row), strict=True)), set(row.segments))
        for row in records.read_all()
    ]


def test_the_last_record_of_a_key_is_kept() -> None:
    """Records come in the order of their keys' first records; each is the last of its key, with its own line."""
    records = SpooledRecords()
    fields = ("KEY", "A")
    assert not records.put(b"x", spooled(1, fields, "x", 1))
    assert not records.put(b"y", spooled(2, fields, "y", 2))
    assert records.put(b"x", spooled(3, fields, "X", 3))
    first, second = records.read_all()
    assert first == spooled(3, fields, "X", 3)
    assert second == spooled(2, fields, "y", 2)


def test_a_missing_column_keeps_the_earlier_value() -> None:
    """As with upserts, the last record changes only the fields that it has."""
    records = SpooledRecords()
    records.put(b"x", spooled(1, ("KEY", "A", "B"), "x", 1, 2))
    records.put(b"x", spooled(2, ("KEY", "B", "C"), "x", None, 3))
    assert contents(records) == [(2, "x", {"KEY": "x", "A": 1, "B": None, "C": 3}, set())]


def test_segments_of_all_records_are_kept() -> None:
    """A key joins each Segment that any of its records names, once."""
    records = SpooledRecords()
    records.put(b"x", spooled(1, ("KEY",), "x", segments=("s", "t")))
    records.put(b"x", spooled(2, ("KEY",), "x", segments=("t", "u")))
    records.put(b"y", spooled(3, ("KEY",), "y", segments=("s",)))
    assert [segments for *_, segments in contents(records)] == [{"s", "t", "u"}, {"s"}]


def test_a_removed_key_leaves_nothing() -> None:
    """A removed key has neither a record nor Segments, also if it comes again."""
    records = SpooledRecords()
    records.put(b"x", spooled(1, ("KEY", "A"), "x", 1, segments=("s",)))
    assert records.remove(b"x")
    assert not records.remove(b"x")
    assert contents(records) == []
    assert not records.put(b"x", spooled(2, ("KEY",), "x"))
    assert contents(records) == [(2, "x", {"KEY": "x"}, set())]


def test_a_key_of_several_fields_is_a_tuple() -> None:
    """The key comes back as it was stored."""
    records = SpooledRecords()
    records.put(b"x", SpooledRow(0, 1, ("x", 1), ("A", "B"), encode_row(("x", 1)), b"", ()))
    assert [row.key for row in records.read_all()] == [("x", 1)]
