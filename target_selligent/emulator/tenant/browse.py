"""Records for a person who looks at them: page by page in the order of their numbers, found by a text in any field.

A search reads a slice of the List at a time, so that its caller can let other calls in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from target_selligent.emulator import jsontext
from target_selligent.emulator.tenant.database import pk_range, record_id
from target_selligent.emulator.tenant.fields import ID
from target_selligent.emulator.tenant.store import ListEntry, SegmentEntry, Store

_SLICE = 250


@dataclass
class RecordPage:
    """A page of records.

    Attributes:
        rows: The values of each record, in the order of the fields.
        next: Number of the last record on the page, if there may be more behind it.
    """

    rows: list[list[Any]] = field(default_factory=list)
    next: int | None = None


def read_page(  # noqa: PLR0913 - what a page is
    store: Store, entry: ListEntry, segment: SegmentEntry | None, text: str, after: int, take: int
) -> Iterator[RecordPage]:
    """Yield a page again and again while it fills: once for each slice that was read.

    Args:
        store: The Lists.
        entry: The List.
        segment: Only the members of this Segment.
        text: Only records with this text in a value, in any case.
        after: Only records with a greater number.
        take: How many records the page has at most.
    """
    width = len(store.fields(entry))
    first, last = pk_range(entry.id)
    page, wanted, pk = RecordPage(), text.casefold(), first + after
    while True:
        # At most one record more than fits: if it is there, the page is not the last one.
        size = _SLICE if wanted else take - len(page.rows) + 1
        records = _read_slice(store, segment, (pk, last), size)
        for number, data in records:
            pk = number  # the next slice begins behind the last record
            values = _values(pk, data, width)
            if wanted and not any(wanted in (as_text(value) or "").casefold() for value in values):
                continue
            if len(page.rows) == take:
                page.next = page.rows[-1][0]
                yield page
                return
            page.rows.append(values)
        yield page
        if len(records) < size:
            return


def key_fields(store: Store, entry: ListEntry) -> list[str]:
    """Return the names of the fields by which calls have found records of a List; the record number if none did."""
    sql = "SELECT spec FROM key_sets WHERE list_id = ? ORDER BY id"
    specs = [spec for (spec,) in store.connection.execute(sql, (entry.id,))]
    return list(dict.fromkeys(name for spec in specs for name in spec[1:].split(","))) or [ID]


def first_members(store: Store, entry: ListEntry, segment: SegmentEntry, take: int) -> list[list[str | None]]:
    """Return the values of the key fields of some members of a Segment."""
    names = [field.name for field in store.fields(entry)]
    positions = [names.index(name) for name in key_fields(store, entry)]
    pages = read_page(store, entry, segment, "", 0, take)
    return [[as_text(row[position]) for position in positions] for row in next(pages).rows]


def as_text(value: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return a value as text, with all digits of a number; None for null."""
    return value if value is None or isinstance(value, str) else jsontext.encode(value).decode()


def _read_slice(store: Store, segment: SegmentEntry | None, pks: tuple[int, int], size: int) -> list[tuple[int, str]]:
    table, condition, parameters = "records", "", list[int]()
    if segment is not None:
        table, condition, parameters = "members JOIN records USING (pk)", "segment_id = ? AND ", [segment.id]
    sql = f"SELECT pk, data FROM {table} WHERE {condition}pk > ? AND pk <= ? ORDER BY pk LIMIT ?"  # noqa: S608
    return store.connection.execute(sql, (*parameters, *pks, size)).fetchall()


def _values(pk: int, data: str, width: int) -> list[Any]:
    values: list[Any] = jsontext.decode(data)[:width]
    values += [None] * (width - len(values))
    values[0] = record_id(pk)
    return values
