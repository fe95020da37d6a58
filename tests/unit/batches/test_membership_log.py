"""The membership log: the last entry about a key counts, and what nobody names is found; against a small model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.membership_log import EVERY_SEGMENT, Departure, MembershipLog, Word, deletion_place

if TYPE_CHECKING:
    from collections.abc import Sequence

DELETIONS = deletion_place("people")
_KEYS = st.integers(0, 4)
_SEGMENTS = st.sampled_from(["vip", "new"])
_ENTRIES = st.lists(
    st.one_of(
        st.tuples(st.just(Word.ADD), _SEGMENTS, _KEYS),
        st.tuples(st.just(Word.ADD), st.just(EVERY_SEGMENT), _KEYS),
        st.tuples(st.just(Word.REMOVE), _SEGMENTS, _KEYS),
        st.tuples(st.just(Word.DELETE), st.just(DELETIONS), _KEYS),
        st.tuples(st.just(Word.KEEP), st.just(EVERY_SEGMENT), _KEYS),
    ),
    max_size=25,
)


def log_of(entries: Sequence[tuple[Word, str, int]]) -> MembershipLog:
    """Return a log with some entries; each departure has its place among them as number."""
    log = MembershipLog()
    for number, (word, segment, key) in enumerate(entries, start=1):
        if word in {Word.REMOVE, Word.DELETE}:
            log.note_departures(word, segment, [b"%d" % key], [Departure((key,), "people", number, b"line")])
        else:
            log.note(word, segment, [b"%d" % key])
    return log


def departures(log: MembershipLog, segment: str, max_rows: int = 2) -> list[tuple[int, int]]:
    """Return key and number of each departure."""
    return [(one.row[0], one.number) for page in log.read_departures(segment, max_rows) for one in page]


@given(_ENTRIES)
def test_the_last_entry_about_a_key_in_a_segment_counts(entries: list[tuple[Word, str, int]]) -> None:
    """Keys leave a Segment if the last entry about them there says so, in the order of these entries."""
    log = log_of(entries)
    log.resolve_removals()
    for segment in ("vip", "new"):
        last = {key: (number, word) for number, (word, place, key) in enumerate(entries, start=1) if place == segment}
        wanted = sorted((number, key) for key, (number, word) in last.items() if word is Word.REMOVE)
        assert departures(log, segment) == [(key, number) for number, key in wanted]
        assert log.count_departures().get(segment, 0) == len(wanted)


@given(_ENTRIES)
def test_a_deleted_key_that_comes_back_is_back(entries: list[tuple[Word, str, int]]) -> None:
    """A key is deleted if no entry after the last deletion brings it back, in whatever Segment."""
    log = log_of(entries)
    last = {key: (number, word) for number, (word, _, key) in enumerate(entries, start=1) if word is not Word.REMOVE}
    wanted = sorted((number, key) for key, (number, word) in last.items() if word is Word.DELETE)
    log.resolve_deletions()
    assert departures(log, DELETIONS) == [(key, number) for number, key in wanted]


@given(_ENTRIES, st.sets(_KEYS))
def test_what_no_entry_names_leaves(entries: list[tuple[Word, str, int]], vip: set[int]) -> None:
    """A member that no entry of its Segment names leaves it; a key that is kept stays everywhere."""
    log = log_of(entries)
    log.note_found("vip", [b"%d" % key for key in sorted(vip)], [[key] for key in sorted(vip)])
    log.resolve_unnamed()
    kept = {key for word, _, key in entries if word is Word.KEEP}
    in_vip = {key for _, segment, key in entries if segment == "vip"}
    assert [key for key, _ in departures(log, "vip")] == sorted(vip - kept - in_vip)


def test_streams_delete_for_themselves() -> None:
    """A key that two streams delete leaves the Segments of both; an entry of any stream brings it back."""
    log = MembershipLog()
    for number, (place, key) in enumerate([("/a", b"1"), ("/b", b"1"), ("/a", b"2")], start=1):
        log.note_departures(Word.DELETE, place, [key], [Departure((key.decode(),), place, number)])
    log.note(Word.ADD, "vip", [b"2"])
    log.resolve_deletions()
    assert log.count_departures() == {"/a": 1, "/b": 1}
