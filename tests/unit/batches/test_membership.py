"""Entries about members: how they are split, and what departures keep when they are stored."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.membership import Departure, Entries, FoundKeys, StoredDeparture, Word

KEYS = st.lists(st.text(max_size=3), max_size=30)


@given(KEYS, st.booleans())
def test_all_entries_about_a_key_are_in_one_part(keys: list[str], departing: bool) -> None:  # noqa: FBT001 - drawn
    """A part has all entries about its keys, in their order, each with its departure; nothing is lost."""
    departures = [StoredDeparture(key.encode(), "people", number) for number, key in enumerate(keys)]
    entries = Entries(Word.REMOVE, "vip", keys, "people", 3, departures if departing else [])
    parts = list(entries.split(4))
    assert len({number for number, _ in parts}) == len(parts)
    assert all((part.word, part.place, part.stream, part.age) == (Word.REMOVE, "vip", "people", 3) for _, part in parts)
    part_of = {key: number for number, part in parts for key in part.keys}
    for number, part in parts:
        wanted = [index for index, key in enumerate(keys) if part_of[key] == number]
        assert part.keys == [keys[index] for index in wanted]
        assert part.departures == ([departures[index] for index in wanted] if departing else [])
    assert part_of.keys() == set(keys)


@given(KEYS)
def test_all_found_keys_are_in_one_part(keys: list[str]) -> None:
    """A part of found keys has each of its keys beside what Selligent has returned."""
    found = FoundKeys("vip", keys, [f"sent {key}" for key in keys], ["/people"])
    parts = list(found.split(4))
    assert all((part.place, part.scopes) == ("vip", ["/people"]) for _, part in parts)
    assert all(part.sent_keys == [f"sent {key}" for key in part.keys] for _, part in parts)
    assert sorted(key for _, part in parts for key in part.keys) == sorted(keys)
    entries = Entries(Word.ADD, "vip", keys, "people", 0)
    assert {(n, key) for n, part in parts for key in part.keys} == {(n, k) for n, p in entries.split(4) for k in p.keys}


@given(st.tuples(st.one_of(st.integers(), st.text(), st.booleans(), st.none())), st.binary())
def test_a_departure_is_restored(row: tuple[object, ...], line: bytes) -> None:
    """A stored departure is the same when it is restored."""
    departure = Departure(row, "people", 7, line)
    assert StoredDeparture.of(departure).restore() == departure
