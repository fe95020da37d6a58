"""Records for a person: pages in the order of their numbers, and a search in all values."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.emulator.tenant import BulkCall, ListEntry, Records, Store
from target_selligent.emulator.tenant.browse import as_text, first_members, key_fields, read_page


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A store with a List of 600 records: more than are read at once. Every second one is a member of a Segment."""
    store = Store()
    entry = store.create_list("my_org", {"api_name": "contacts", "name": "Contacts", "type": "Datalist"})
    store.create_fields(entry, [{"name": "CID", "data_type": "Text", "length": 20}, {"name": "N", "data_type": "Long"}])
    records = Records(store)
    records.load(entry, BulkCall("CID", "CID,N", [[f"Key {n}", 2**60 + n] for n in range(1, 601)]), "InsertAndUpdate")
    store.create_fields(entry, [{"name": "LATER", "data_type": "Boolean"}])
    records.load(entry, BulkCall("CID", "CID,LATER", [["Key 600", True]]), "InsertAndUpdate")
    segment = store.create_segment(entry, {"api_name": "even", "name": "Even"})
    records.load_segment(entry, segment, BulkCall("CID", "CID", [[f"Key {n}"] for n in range(2, 601, 2)]))
    yield store
    store.close()


def _contacts(store: Store) -> ListEntry:
    return store.get_list("my_org", "contacts")


def _numbers(store: Store, segment: str | None, text: str, take: int) -> list[list[int]]:
    """Return the numbers of the records on each page, from the first page to the last."""
    entry = _contacts(store)
    found = None if segment is None else store.get_segment(entry, segment)
    pages, after = [], 0
    while True:
        *_, page = read_page(store, entry, found, text, after, take)
        pages.append([row[0] for row in page.rows])
        if page.next is None:
            return pages
        after = page.next


@given(
    segment=st.sampled_from([None, "even"]),
    text=st.sampled_from(["", "key", "KEY 59", "7", "600", "true", "nothing", "1152921504606846977"]),
    take=st.integers(1, 700),
)
def test_pages_join_to_what_is_there(store: Store, segment: str | None, text: str, take: int) -> None:
    """Every record that holds the text in a value is on one page, in order, and only the last page is not full."""
    wanted = [
        n
        for n in range(1, 601)
        if (segment is None or n % 2 == 0)
        and text.casefold() in f"{n}|key {n}|{2**60 + n}|{'true' if n == 600 else ''}"
    ]
    pages = _numbers(store, segment, text, take)
    assert [n for page in pages for n in page] == wanted
    assert all(len(page) == take for page in pages[:-1])
    assert len(pages) == 1 or pages[-1]


def test_values_are_those_of_the_record(store: Store) -> None:
    """Values are as they were loaded, and a record from before a field has null for it."""
    *_, page = read_page(store, _contacts(store), None, "", 0, 1)
    assert page.rows == [[1, "Key 1", 2**60 + 1, None]]
    *_, page = read_page(store, _contacts(store), None, "", 599, 10)
    assert page.rows == [[600, "Key 600", 2**60 + 600, True]]


def test_values_as_text() -> None:
    """Numbers keep their digits as text, and null stays null."""
    assert [as_text(value) for value in (2**60 + 1, 0.25, True, None, "x", "")] == [
        str(2**60 + 1),
        "0.25",
        "true",
        None,
        "x",
        "",
    ]


def test_a_search_reads_in_slices(store: Store) -> None:
    """A search that finds nothing gives its caller a turn between the slices of the List."""
    assert len(list(read_page(store, _contacts(store), None, "nothing", 0, 10))) == 3


def test_keys_are_those_of_earlier_calls(store: Store) -> None:
    """The key fields of a List are those that calls have used; before any call, the record number."""
    assert key_fields(store, _contacts(store)) == ["CID"]
    segment = store.get_segment(_contacts(store), "even")
    assert first_members(store, _contacts(store), segment, 2) == [["Key 2"], ["Key 4"]]
    other = store.create_list("my_org", {"api_name": "other", "name": "Other", "type": "Userlist"})
    assert key_fields(store, other) == ["ID"]
