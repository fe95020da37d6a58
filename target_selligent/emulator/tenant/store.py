"""Lists with their fields, and Segments: stored in SQLite, with the API's rules for them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from target_selligent.emulator import jsontext
from target_selligent.emulator.refusals import BadRequestRefusal, NotFoundRefusal, ValidationRefusal
from target_selligent.emulator.tenant.database import TABLES, connect, pk_range, transaction
from target_selligent.emulator.tenant.fields import Field, check_name, default_fields, new_fields

LIST_TYPES = ("Userlist", "Datalist", "DataSelectionList", "Optionlist", "Devicelist")


@dataclass(frozen=True)
class ListEntry:
    """A List as stored."""

    id: int
    organization: str
    api_name: str
    name: str
    type: str
    details: dict[str, Any]


@dataclass(frozen=True)
class SegmentEntry:
    """A Segment as stored."""

    id: int
    list_id: int
    api_name: str
    name: str
    type: str
    details: dict[str, Any]


@dataclass(frozen=True)
class OverviewQuery:
    """Which entries of an overview a call asks for.

    Attributes:
        kind: Only Lists or Segments of this type.
        search: Only entries with this text in a name, description or tag.
        skip: How many of these to leave out at the start.
        take: How many to return at most.
    """

    kind: str | None = None
    search: str | None = None
    skip: int = 0
    take: int | None = None

    def select(self, entries: Iterable[Any]) -> list[Any]:
        """Return the entries that the query asks for, in order."""
        found = [entry for entry in entries if self._matches(entry)]
        return found[self.skip : None if self.take is None else self.skip + self.take]

    def _matches(self, entry: ListEntry | SegmentEntry) -> bool:
        if self.kind is not None and entry.type.casefold() != self.kind.casefold():
            return False
        if not self.search:
            return True
        tags = entry.details.get("tags") or ()
        texts = (entry.api_name, entry.name, entry.details.get("description") or "", *tags)
        return any(self.search.casefold() in text.casefold() for text in texts)


class Store:
    """Lists, their fields, and Segments.

    Args:
        path: SQLite file; None keeps all data in memory.
        missing_status: Returns the HTTP status for a List or Segment that does not exist.
    """

    def __init__(self, path: str | None = None, missing_status: Callable[[], int] = lambda: 404) -> None:
        self.connection = connect(path)
        self._missing_status = missing_status
        self._fields: dict[int, tuple[Field, ...]] = {}

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def clear(self) -> None:
        """Delete all data."""
        with transaction(self.connection):
            for table in TABLES:
                self.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        self._fields.clear()

    def not_found(self, what: str) -> NotFoundRefusal:
        """Return the refusal for something that does not exist, such as "The list"."""
        return NotFoundRefusal(f"{what} does not exist", self._missing_status())

    # Lists

    def lists(self, organization: str, query: OverviewQuery | None = None) -> list[ListEntry]:
        """Return the Lists of an organization in the order of their creation."""
        rows = self.connection.execute(
            "SELECT id, organization, api_name, name, type, details FROM lists WHERE organization = ? ORDER BY id",
            (organization,),
        )
        return (query or OverviewQuery()).select(map(_list_entry, rows))

    def find_list(self, organization: str, api_name: str) -> ListEntry | None:
        """Return the List with an API name, in any case; None if there is none."""
        row = self.connection.execute(
            "SELECT id, organization, api_name, name, type, details FROM lists WHERE organization = ? AND api_name = ?",
            (organization, api_name),
        ).fetchone()
        return _list_entry(row) if row else None

    def get_list(self, organization: str, api_name: str) -> ListEntry:
        """Return the List with an API name, in any case.

        Raises:
            NotFoundRefusal: There is no such List.
        """
        entry = self.find_list(organization, api_name)
        if entry is None:
            raise self.not_found("The list")
        return entry

    def create_list(self, organization: str, definition: Mapping[str, Any]) -> ListEntry:
        """Create a List with the default fields of its type.

        Raises:
            BadRequestRefusal: The name is not valid or in use already, or the type is unknown.
        """
        details = dict(definition)
        api_name, name, list_type = details.pop("api_name"), details.pop("name"), details.pop("type")
        check_name(api_name, "api_name")
        if list_type not in LIST_TYPES:
            raise BadRequestRefusal("The list's type is not known")
        if not name:
            raise BadRequestRefusal("The list needs a name")
        if self.find_list(organization, api_name) is not None:
            raise BadRequestRefusal(f"A list with api_name {api_name} exists already")
        with transaction(self.connection):
            cursor = self.connection.execute(
                "INSERT INTO lists (organization, api_name, name, type, details) VALUES (?, ?, ?, ?, ?)",
                (organization, api_name, name, list_type, jsontext.encode(details).decode()),
            )
            entry = ListEntry(cursor.lastrowid or 0, organization, api_name, name, list_type, details)
            self._append_fields(entry, default_fields(list_type, details.get("optionlist_codetype")))
        return entry

    def update_list(self, entry: ListEntry, changes: Mapping[str, Any]) -> None:
        """Change the names and details of a List.

        Raises:
            BadRequestRefusal: The new API name is not valid, or another List has it.
        """
        details = {**entry.details, **{name: value for name, value in changes.items() if value is not None}}
        api_name, name = details.pop("api_name", entry.api_name), details.pop("name", entry.name)
        check_name(api_name, "api_name")
        other = self.find_list(entry.organization, api_name)
        if other is not None and other.id != entry.id:
            raise BadRequestRefusal(f"A list with api_name {api_name} exists already")
        self.connection.execute(
            "UPDATE lists SET api_name = ?, name = ?, details = ? WHERE id = ?",
            (api_name, name, jsontext.encode(details).decode(), entry.id),
        )

    def delete_list(self, entry: ListEntry) -> None:
        """Delete a List with its records, Segments and relations, those of other Lists to it, too."""
        first, last = pk_range(entry.id)
        with transaction(self.connection) as connection:
            connection.execute("DELETE FROM members WHERE pk BETWEEN ? AND ?", (first, last))
            connection.execute("DELETE FROM records WHERE pk BETWEEN ? AND ?", (first, last))
            connection.execute(
                "DELETE FROM keys WHERE key_set IN (SELECT id FROM key_sets WHERE list_id = ?)", (entry.id,)
            )
            connection.execute(
                "DELETE FROM relations WHERE json_extract(definition, '$.slavelist_api_name') = ? COLLATE NOCASE"
                " AND list_id IN (SELECT id FROM lists WHERE organization = ?)",
                (entry.api_name, entry.organization),
            )
            for table in ("key_sets", "segments", "relations", "fields"):
                connection.execute(f"DELETE FROM {table} WHERE list_id = ?", (entry.id,))  # noqa: S608 - our own names
            connection.execute("DELETE FROM lists WHERE id = ?", (entry.id,))
        self._fields.pop(entry.id, None)

    def count_records(self, entry: ListEntry) -> int:
        """Return how many records a List has."""
        sql = "SELECT count(*) FROM records WHERE pk BETWEEN ? AND ?"
        count: int = self.connection.execute(sql, pk_range(entry.id)).fetchone()[0]
        return count

    # Fields

    def fields(self, entry: ListEntry) -> tuple[Field, ...]:
        """Return the fields of a List in order. The record number is the first."""
        cached = self._fields.get(entry.id)
        if cached is None:
            sql = "SELECT definition FROM fields WHERE list_id = ? ORDER BY position"
            rows = self.connection.execute(sql, (entry.id,))
            cached = self._fields[entry.id] = tuple(Field(**jsontext.decode(definition)) for (definition,) in rows)
        return cached

    def create_fields(self, entry: ListEntry, definitions: Iterable[Mapping[str, Any]]) -> list[Field]:
        """Add fields at the end of a List: all, or none if one is not valid.

        Raises:
            BadRequestRefusal: A field is not valid.
        """
        fields = new_fields(self.fields(entry), definitions)
        with transaction(self.connection):
            self._append_fields(entry, fields)
        return fields

    def _append_fields(self, entry: ListEntry, fields: Sequence[Field]) -> None:
        existing = self.fields(entry)
        self.connection.executemany(
            "INSERT INTO fields (list_id, position, definition) VALUES (?, ?, ?)",
            [
                (entry.id, position, jsontext.encode(field.as_dict()).decode())
                for position, field in enumerate(fields, len(existing))
            ],
        )
        self._fields.pop(entry.id, None)

    # Segments

    def segments(self, entry: ListEntry, query: OverviewQuery | None = None) -> list[SegmentEntry]:
        """Return the Segments of a List in the order of their creation."""
        sql = "SELECT id, list_id, api_name, name, type, details FROM segments WHERE list_id = ? ORDER BY id"
        return (query or OverviewQuery()).select(map(_segment_entry, self.connection.execute(sql, (entry.id,))))

    def count_segments(self, entry: ListEntry) -> int:
        """Return how many Segments a List has."""
        sql = "SELECT count(*) FROM segments WHERE list_id = ?"
        count: int = self.connection.execute(sql, (entry.id,)).fetchone()[0]
        return count

    def find_segment(self, entry: ListEntry, api_name: str) -> SegmentEntry | None:
        """Return the Segment with an API name, in any case; None if there is none."""
        sql = "SELECT id, list_id, api_name, name, type, details FROM segments WHERE list_id = ? AND api_name = ?"
        row = self.connection.execute(sql, (entry.id, api_name)).fetchone()
        return _segment_entry(row) if row else None

    def get_segment(self, entry: ListEntry, api_name: str) -> SegmentEntry:
        """Return the Segment with an API name, in any case.

        Raises:
            NotFoundRefusal: There is no such Segment.
        """
        segment = self.find_segment(entry, api_name)
        if segment is None:
            raise self.not_found("The segment")
        return segment

    def create_segment(self, entry: ListEntry, definition: Mapping[str, Any], kind: str = "Static") -> SegmentEntry:
        """Create a Segment without members.

        Raises:
            BadRequestRefusal: The name is not valid, or in use already.
        """
        details = dict(definition)
        api_name, name = details.pop("api_name"), details.pop("name")
        check_name(api_name, "api_name")
        if not name:
            raise BadRequestRefusal("The segment needs a name")
        if self.find_segment(entry, api_name) is not None:
            raise BadRequestRefusal(f"A segment with api_name {api_name} exists already")
        cursor = self.connection.execute(
            "INSERT INTO segments (list_id, api_name, name, type, details) VALUES (?, ?, ?, ?, ?)",
            (entry.id, api_name, name, kind, jsontext.encode(details).decode()),
        )
        return SegmentEntry(cursor.lastrowid or 0, entry.id, api_name, name, kind, details)

    def delete_segment(self, segment: SegmentEntry) -> None:
        """Delete a Segment. Its members stay in the List."""
        with transaction(self.connection) as connection:
            connection.execute("DELETE FROM members WHERE segment_id = ?", (segment.id,))
            connection.execute("DELETE FROM segments WHERE id = ?", (segment.id,))

    def clear_segment(self, segment: SegmentEntry) -> int:
        """Remove all members from a Segment; return how many there were."""
        require_static(segment)
        return self.connection.execute("DELETE FROM members WHERE segment_id = ?", (segment.id,)).rowcount

    def count_members(self, segment: SegmentEntry) -> int:
        """Return how many members a Segment has."""
        sql = "SELECT count(*) FROM members WHERE segment_id = ?"
        count: int = self.connection.execute(sql, (segment.id,)).fetchone()[0]
        return count


def require_static(segment: SegmentEntry) -> None:
    """Check that calls may change the members of a Segment. In other types, a filter or another system chooses them.

    Raises:
        ValidationRefusal: The Segment is not static.
    """
    if segment.type != "Static":
        raise ValidationRefusal(f"Segment {segment.api_name} is {segment.type}: only a static one takes data")


def _list_entry(row: tuple[Any, ...]) -> ListEntry:
    number, organization, api_name, name, kind, details = row
    return ListEntry(number, organization, api_name, name, kind, jsontext.decode(details))


def _segment_entry(row: tuple[Any, ...]) -> SegmentEntry:
    number, list_id, api_name, name, kind, details = row
    return SegmentEntry(number, list_id, api_name, name, kind, jsontext.decode(details))
