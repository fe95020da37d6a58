"""The membership log: the last entry about a key counts, and what nobody names is found; against a small model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.membership import EVERY_SEGMENT, LIST_PLACE, Departure, Word, deletion_place
from target_selligent.batches.membership_log import MembershipLog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.records import Key

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


_MAX_KEYS = st.sampled_from([1, 3, 100])
"""How many entries stay in memory: none, some, or all."""


def log_of(entries: Sequence[tuple[Word, str, int]], max_keys: int, older: int = 0) -> tuple[MembershipLog, int]:
    """Return a log with some entries; each departure has its place among them as number.

    Args:
        entries: The entries.
        max_keys: How many stay in memory.
        older: How many of them come before a new version begins.

    Returns:
        The log, and the new version.
    """
    log = MembershipLog(max_keys)
    version = log.begin_version() if older == 0 else 0
    for number, (word, segment, key) in enumerate(entries, start=1):
        if word in {Word.REMOVE, Word.DELETE}:
            log.note_departures(word, segment, [str(key)], [Departure((key,), "people", number, b"line")])
        else:
            log.note(word, segment, [str(key)], "people")
        if number == older:
            version = log.begin_version()
    return log, version or log.begin_version()


def departures(log: MembershipLog, segment: str, max_rows: int = 2) -> list[tuple[int, int]]:
    """Return number and key of each departure, in the order of the numbers."""
    pages = list(log.read_departures(segment, max_rows))
    assert all(len(page) == max_rows for page in pages[:-1])
    return sorted((one.number, one.row[0]) for page in pages for one in page)


def members_of(keys: set[int]) -> tuple[list[str], list[Key]]:
    """Return keys as the log takes them, and as Selligent returns them."""
    return [str(key) for key in sorted(keys)], sorted(keys)


@given(_ENTRIES, _MAX_KEYS)
def test_the_last_entry_about_a_key_in_a_segment_counts(entries: list[tuple[Word, str, int]], max_keys: int) -> None:
    """Keys leave a Segment if the last entry about them there says so."""
    log, _ = log_of(entries, max_keys)
    log.resolve()
    for segment in ("vip", "new"):
        last = {key: (number, word) for number, (word, place, key) in enumerate(entries, start=1) if place == segment}
        wanted = sorted((number, key) for key, (number, word) in last.items() if word is Word.REMOVE)
        assert departures(log, segment) == wanted
        assert log.count_departures().get(segment, 0) == len(wanted)


@given(_ENTRIES, _MAX_KEYS)
def test_a_deleted_key_that_comes_back_is_back(entries: list[tuple[Word, str, int]], max_keys: int) -> None:
    """A key is deleted if no entry after the last deletion brings it back, in whatever Segment."""
    log, _ = log_of(entries, max_keys)
    last = {key: (number, word) for number, (word, _, key) in enumerate(entries, start=1) if word is not Word.REMOVE}
    wanted = sorted((number, key) for key, (number, word) in last.items() if word is Word.DELETE)
    log.resolve()
    assert departures(log, DELETIONS) == wanted


@given(_ENTRIES, st.sets(_KEYS), _MAX_KEYS)
def test_what_no_entry_names_leaves(entries: list[tuple[Word, str, int]], vip: set[int], max_keys: int) -> None:
    """A member that no entry of its Segment names leaves it; a key that is kept stays everywhere."""
    log, _ = log_of(entries, max_keys)
    log.note_found("vip", *members_of(vip))
    log.resolve()
    kept = {key for word, _, key in entries if word is Word.KEEP}
    in_vip = {key for _, segment, key in entries if segment == "vip"}
    unnamed = sorted(vip - kept - in_vip)
    assert [key for number, key in departures(log, "vip") if not number] == unnamed
    assert log.count_unnamed().get("vip", 0) == len(unnamed)


@given(_ENTRIES, _ENTRIES, st.sets(_KEYS), st.integers(0, 25), _MAX_KEYS)
def test_what_a_stream_does_not_name_is_left_behind(
    entries: list[tuple[Word, str, int]],
    others: list[tuple[Word, str, int]],
    vip: set[int],
    older: int,
    max_keys: int,
) -> None:
    """A key that its stream names in any Segment stays in all; what older versions added does not count."""
    log, version = log_of(entries, max_keys, older)
    for word, segment, key in others:
        if word in {Word.ADD, Word.KEEP}:
            log.note(word, segment, [str(key)], "others")
    log.supersede("people", version)
    for place, scopes in (("vip", [DELETIONS]), (LIST_PLACE, [])):
        log.note_found(place, *members_of(vip), scopes)
    log.resolve(["people"], whole_list=True)
    own = [one for number, one in enumerate(entries, 1) if one[0] is not Word.ADD or number > older]
    foreign = [(word, segment, key) for word, segment, key in others if word in {Word.ADD, Word.KEEP}]
    by_people = {key for _, _, key in own}
    in_vip = {key for word, segment, key in foreign if segment == "vip" or word is Word.KEEP}
    left = [key for number, key in departures(log, "vip") if not number]
    assert left == sorted(vip - by_people - in_vip)
    gone = [key for _, key in departures(log, LIST_PLACE)]
    assert gone == sorted(vip - by_people - {key for _, _, key in foreign})


def test_streams_delete_for_themselves() -> None:
    """A key that two streams delete leaves the Segments of both; an entry of any stream brings it back."""
    log = MembershipLog()
    for number, (place, key) in enumerate([("/a", "1"), ("/b", "1"), ("/a", "2")], start=1):
        log.note_departures(Word.DELETE, place, [key], [Departure((key,), place[1:], number)])
    log.note(Word.ADD, "vip", ["2"], "b")
    log.resolve()
    assert log.count_departures() == {"/a": 1, "/b": 1}
