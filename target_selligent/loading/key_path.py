"""How the records of a stream are loaded by one key: the key of the stream, or the alternate key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.batches import Route, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import msgspec

    from target_selligent.loading.batch_filler import BatchFiller
    from target_selligent.records import Origin, RowMapper, Segments, StaticValues, StreamDescription, StreamFields


@dataclass(frozen=True, slots=True)
class KeyPath:
    """How records are loaded by one key.

    Args:
        route: The route of their rows.
        filler: Puts their rows in batches.
        mapper: Creates their rows, without the static fields.
        static: The values of the static fields.
    """

    route: Route
    filler: BatchFiller
    mapper: RowMapper
    static: StaticValues

    def create_rows(
        self,
        records: Sequence[msgspec.Struct],
        segments: Sequence[Segments],
        lines: Sequence[bytes],
        numbers: Sequence[int],
        *,
        decoded: bool,
    ) -> Rows:
        """Return the rows of records.

        Args:
            records: Records of the mapper's type. The method changes their values, unless it raises.
            segments: The Segment or Segments of each record; empty if the stream has no Segments.
            lines: The RECORD message of each record, exactly as it came.
            numbers: The number of each record in its stream.
            decoded: Whether the records were decoded to the type.

        Raises:
            RejectedRecord: If a record has a value that cannot be sent. The error does not say which record it is.
        """
        values, keys = self.mapper.create_rows(records, decoded=decoded)
        return Rows(self.static.add_to(values, segments), keys, segments, lines, numbers)

    def add(self, rows: Rows, leaving: Sequence[bool]) -> None:
        """Put rows in batches: see `BatchFiller.add`."""
        self.filler.add(self.mapper.field_names + self.static.field_names, rows, leaving)


def create_route(
    description: StreamDescription,
    list_api_name: str,
    fields: StreamFields,
    origin: Origin,
    key_columns: tuple[str, ...],
) -> Route:
    """Return the route of the rows of a stream that have their key in given columns.

    Args:
        description: The stream.
        list_api_name: The List.
        fields: The columns, with the types that their fields have in the List.
        origin: Where the records come from.
        key_columns: The columns of the key.
    """
    field_by_column = {column.column_name: column.field for column in fields.columns}
    key_fields = [field_by_column[name] for name in key_columns]
    return Route(
        description.name,
        list_api_name,
        tuple(field.name for field in key_fields),
        key_columns,
        tuple(field.data_type for field in key_fields),
        fields.segment_column,
        replaces_segments=description.settings.segment_data_import_option == "replace",
        loads_list=description.settings.load_list,
        origin=origin,
        fields=tuple(column.field.name for column in fields.columns),
    )
