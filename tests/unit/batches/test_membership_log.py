"""The membership log: the last entry about a key counts, and what nobody names is found; against a small model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.membership_log import (
    EVERY_SEGMENT,
    LIST_PLACE,
    Departure,
    MembershipLog,
    Word,
    deletion_place,
)

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
            log.note_departures(word, segment, [str(key)], [Departure((key,), "people", number, b"line")])
        else:
            log.note(word, segment, [str(key)], "people")
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
    log.index_named()
    log.resolve_unnamed("vip", [str(key) for key in sorted(vip)], [[key] for key in sorted(vip)])
    kept = {key for word, _, key in entries if word is Word.KEEP}
    in_vip = {key for _, segment, key in entries if segment == "vip"}
    assert [key for key, _ in departures(log, "vip")] == sorted(vip - kept - in_vip)


@given(_ENTRIES, _ENTRIES, st.sets(_KEYS), st.integers(0, 25))
def test_what_a_stream_does_not_name_is_left_behind(
    entries: list[tuple[Word, str, int]], others: list[tuple[Word, str, int]], vip: set[int], older: int
) -> None:
    """A key that its stream names in any Segment stays in all; what older versions added does not count."""
    log = log_of(entries)
    for word, segment, key in others:
        if word in {Word.ADD, Word.KEEP}:
            log.note(word, segment, [str(key)], "others")
    log.supersede("people", older)
    log.index_named(["people"], whole_list=True)
    for place, scopes in (("vip", [DELETIONS]), (LIST_PLACE, [])):
        log.resolve_unnamed(place, [str(key) for key in sorted(vip)], [[key] for key in sorted(vip)], scopes)
    own = [one for number, one in enumerate(entries, 1) if one[0] is not Word.ADD or number > older]
    foreign = [(word, segment, key) for word, segment, key in others if word in {Word.ADD, Word.KEEP}]
    by_people = {key for _, _, key in own}
    in_vip = {key for word, segment, key in foreign if segment == "vip" or word is Word.KEEP}
    assert [key for key, _ in departures(log, "vip")] == sorted(vip - by_people - in_vip)
    assert [key for key, _ in departures(log, LIST_PLACE)] == sorted(vip - by_people - {key for _, _, key in foreign})


def test_streams_delete_for_themselves() -> None:
    """A key that two streams delete leaves the Segments of both; an entry of any stream brings it back."""
    log = MembershipLog()
    for number, (place, key) in enumerate([("/a", "1"), ("/b", "1"), ("/a", "2")], start=1):
        log.note_departures(Word.DELETE, place, [key], [Departure((key,), place[1:], number)])
    log.note(Word.ADD, "vip", ["2"], "b")
    log.resolve_deletions()
    assert log.count_departures() == {"/a": 1, "/b": 1}
