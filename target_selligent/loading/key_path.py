"""How the records of a stream are loaded by one key: the key of the stream, or the alternate key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.batches import Route

if TYPE_CHECKING:
    from target_selligent.loading.batch_filler import BatchFiller
    from target_selligent.records import Origin, RowMapper, StreamDescription, StreamFields


@dataclass(frozen=True, slots=True)
class KeyPath:
    """How records are loaded by one key.

    Args:
        route: The route of their rows.
        filler: Puts their rows in batches.
        mapper: Creates their rows.
    """

    route: Route
    filler: BatchFiller
    mapper: RowMapper


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
    )
