"""Records: their schema, the fields they become, and the rows that are made of them. Pure."""

from __future__ import annotations

from target_selligent.records import lenient_json
from target_selligent.records.arrow_schema import find_double_name, to_json_schema
from target_selligent.records.arrow_values import read_records, split_batches
from target_selligent.records.column_json import Part, join_columns
from target_selligent.records.column_lines import ColumnLines
from target_selligent.records.column_values import ColumnReader
from target_selligent.records.conversions import FieldType
from target_selligent.records.dates import to_utc_date_time
from target_selligent.records.description import StreamDescription, StreamOptions, describe_stream
from target_selligent.records.encoded_rows import EncodedRows
from target_selligent.records.exact_numbers import parse_json_float
from target_selligent.records.field_definitions import (
    ColumnMapping,
    FieldDefinition,
    FieldSource,
    StreamFields,
)
from target_selligent.records.fields import (
    DELETED_AT_COLUMN,
    OPTOUT_FIELD,
    RECORD_NUMBER_FIELD,
    is_deleted,
    is_metadata_column,
)
from target_selligent.records.lazy_sequence import LazySequence, select_items
from target_selligent.records.own_fields import find_own_fields, find_usual_field
from target_selligent.records.read_ahead import read_ahead
from target_selligent.records.record_lines import RecordLineWriter, UnwritableRecord, decode_record
from target_selligent.records.record_type import RecordType
from target_selligent.records.row_types import Key, Origin, Row, Segments
from target_selligent.records.rows import RowMapper
from target_selligent.records.schemas import check_schema_message, read_bookmark_properties
from target_selligent.records.segment_names import (
    NO_SEGMENT,
    NOT_IN_LIST,
    parse_flattened_array,
    read_actions,
    read_segment_names,
    style_segment_name,
)
from target_selligent.records.static_values import StaticValues

__all__ = [
    "DELETED_AT_COLUMN",
    "NOT_IN_LIST",
    "NO_SEGMENT",
    "OPTOUT_FIELD",
    "RECORD_NUMBER_FIELD",
    "ColumnLines",
    "ColumnMapping",
    "ColumnReader",
    "EncodedRows",
    "FieldDefinition",
    "FieldSource",
    "FieldType",
    "Key",
    "LazySequence",
    "Origin",
    "Part",
    "RecordLineWriter",
    "RecordType",
    "Row",
    "RowMapper",
    "Segments",
    "StaticValues",
    "StreamDescription",
    "StreamFields",
    "StreamOptions",
    "UnwritableRecord",
    "check_schema_message",
    "decode_record",
    "describe_stream",
    "find_double_name",
    "find_own_fields",
    "find_usual_field",
    "is_deleted",
    "is_metadata_column",
    "join_columns",
    "lenient_json",
    "parse_flattened_array",
    "parse_json_float",
    "read_actions",
    "read_ahead",
    "read_bookmark_properties",
    "read_records",
    "read_segment_names",
    "select_items",
    "split_batches",
    "style_segment_name",
    "to_json_schema",
    "to_utc_date_time",
]
