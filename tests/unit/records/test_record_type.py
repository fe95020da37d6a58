"""A decoded record is valid and gives the same row as alone. After widening, all valid records can be decoded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.body import encode_row
from target_selligent.errors import RejectedRecord
from target_selligent.records.conversions import FieldType
from target_selligent.records.exact_numbers import parse_json_float
from target_selligent.records.field_definitions import FieldDefinition, StreamFields
from target_selligent.records.fields import DELETED_AT_COLUMN, derive_stream_fields, is_deleted
from target_selligent.records.record_type import RecordType
from target_selligent.records.rows import RowMapper
from target_selligent.records.validation import RecordValidator

STREAM = "people"
encode = msgspec.json.Encoder(decimal_format="number").encode


class Stream:
    """A stream with a key, a Segment column and the columns to test."""

    def __init__(
        self, columns: dict[str, Any], *, validate: bool = True, existing: FieldType | None = None, **rules: Any
    ) -> None:
        properties = {"key": {"type": "string"}, "seg": {"type": "string"}, **columns}
        self.schema: dict[str, Any] = {"type": "object", "properties": properties, **rules}
        self.validate = validate
        fields = derive_stream_fields(STREAM, self.schema, ["key"], segment_column="seg")
        if existing is not None:
            stored = [
                column.map_to_existing_field(FieldDefinition("A", existing)) if column.column_name == "a" else column
                for column in fields.columns
            ]
            fields = replace(fields, columns=tuple(stored))
        self.fields: StreamFields = fields
        self.type = RecordType(STREAM, self.schema, self.fields, validate=validate)

    def mapper(self) -> RowMapper:
        """Return the mapper of the current type."""
        return RowMapper(self.type, self.fields.columns, self.fields.key_columns)

    def alone(self, record: dict[str, Any]) -> bytes | None:
        """Return the row of a record that is processed alone; None if it is rejected."""
        validator = RecordValidator(STREAM, self.schema, also_allowed="^_sdc_")
        if self.validate and not validator.are_all_valid([record]):
            return None
        try:
            (row,), _ = self.mapper().create_rows([self.type.create_record(record)], decoded=False)
        except (RejectedRecord, TypeError):
            return None
        return encoded(row)

    def decoded(self, record: dict[str, Any]) -> bytes | None:
        """Return the row of a record that is decoded to the type; None if the type refuses it."""
        assert self.type.message_type is not None
        line = encode({"type": "RECORD", "stream": STREAM, "record": record})
        try:
            message: Any = msgspec.json.Decoder(self.type.message_type, float_hook=parse_json_float).decode(line)
            (row,), _ = self.mapper().create_rows([message.record], decoded=True)
        except (msgspec.ValidationError, RejectedRecord):
            return None
        return encoded(row)

    def widen(self, record: dict[str, Any]) -> bool:
        """Widen the type for a record. Return whether that changed the type."""
        wider = self.type.widen_for(record)
        self.type = wider or self.type
        return wider is not None


def encoded(row: tuple[Any, ...]) -> bytes:
    """Return a row as JSON, with a mark for each missing value."""
    return encode_row(tuple("(nothing)" if value is msgspec.UNSET else value for value in row))


_KINDS = ["string", "integer", "number", "boolean", "null", "object", "array"]
_PROPERTIES = st.one_of(
    st.builds(
        lambda kinds: {"type": kinds},
        st.sampled_from(_KINDS) | st.lists(st.sampled_from(_KINDS), min_size=1, unique=True),
    ),
    st.builds(
        lambda form: {"type": ["string", "null"], "format": form}, st.sampled_from(["date", "date-time", "time"])
    ),
    st.builds(
        lambda least, most: {"type": "string", "minLength": least, "maxLength": most},
        st.integers(0, 2),
        st.integers(0, 3),
    ),
    st.builds(
        lambda form, most: {"type": "string", "format": form, "maxLength": most}, st.just("date"), st.integers(8, 11)
    ),
    st.builds(lambda least: {"type": ["integer", "null"], "minimum": least}, st.integers(-2, 2)),
    st.builds(
        lambda step, most: {"type": ["number", "null"], "multipleOf": step, "exclusiveMaximum": most},
        st.sampled_from([1, 1.0, 2, 0.01, 1e-10]),
        st.sampled_from([1, 2.5, 10**18, 10**20]),
    ),
    st.builds(
        lambda way, kinds: {way: [{"type": kind} for kind in kinds]},
        st.sampled_from(["anyOf", "oneOf"]),
        st.lists(st.sampled_from(_KINDS), min_size=1, max_size=3),
    ),
    st.sampled_from(
        [
            {},
            True,
            {"enum": ["a", 1, None]},
            {"const": 1},
            {"$ref": "#/$defs/short"},
            {"type": ["object", "null"], "properties": {"a": {"$ref": "#/$defs/short"}}},
            {"type": "array", "items": {"type": "integer"}},
        ]
    ),
)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.integers(-(2**65), 2**65),
    st.sampled_from(
        [1.0, 0.5, -0.0, 1e300, "2024-02-29", "2023-02-29", "2024-02-29T00:00:00", "2026-05-01T10:15:00+00:00"]
    ),
    st.text("aé\U0001f600 ", max_size=4),
    st.sampled_from(["9007199254740993.0", "0.10000000000000000001", "1.5e30", "19.99"]).map(parse_json_float),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from("ab"), st.text("a", max_size=3), max_size=2),
)
_MARKS = st.sampled_from([None, "", " ", "2026-05-01T10:15:00Z", 0, False])
_RECORDS = st.fixed_dictionaries(
    {"key": st.sampled_from(["k", "", " "]) | st.none()},
    optional={
        "a": _VALUES,
        "b": _VALUES,
        "seg": st.sampled_from(["s", None]),
        "_sdc_x": _VALUES,
        "more": _VALUES,
        DELETED_AT_COLUMN: _MARKS,
    },
)
_STREAMS = st.builds(
    lambda columns, needed, more, validate, existing: Stream(
        columns,
        validate=validate,
        existing=existing,
        required=needed,
        additionalProperties=more,
        **{"$defs": {"short": {"type": "string", "maxLength": 1}}},
    ),
    st.fixed_dictionaries({"a": _PROPERTIES, "b": _PROPERTIES}),
    st.lists(st.sampled_from(["key", "a"]), unique=True),
    st.sampled_from([True, False, {"type": "string"}]),
    st.booleans(),
    st.none() | st.sampled_from(FieldType),
)


@given(_STREAMS, st.lists(_RECORDS, min_size=1, max_size=4))
def test_decoded_records_give_the_same_rows_as_alone(stream: Stream, records: list[dict[str, Any]]) -> None:
    """A record that is rejected alone is never decoded, and no record gets another row, also after widening."""
    for record in records:
        if is_deleted(record):
            assert stream.decoded(record) is None
            continue
        alone = stream.alone(record)
        assert stream.decoded(record) in {alone, None}
        if alone is not None:
            stream.widen(record)
            assert stream.decoded(record) in {alone, None}
            assert not stream.widen(record)


@given(_STREAMS, _RECORDS)
def test_valid_records_are_decoded_after_widening(stream: Stream, record: dict[str, Any]) -> None:
    """After a valid record was processed alone, the widened type accepts it."""
    alone = stream.alone(record)
    restricted = stream.validate and isinstance(stream.schema["additionalProperties"], dict) and "more" in record
    if alone is not None and not restricted and record.get(DELETED_AT_COLUMN) in {None, ""} and not is_deleted(record):
        stream.widen(record)
        assert stream.decoded(record) == alone


EXACT: dict[str, tuple[dict[str, Any], Any]] = {
    "text": ({"type": ["string", "null"]}, "x"),
    "text of a length": ({"type": "string", "maxLength": 3}, "xyz"),
    "whole number": ({"type": "integer"}, 2**63 - 1),
    "number": ({"type": ["null", "number"]}, 5),
    "boolean": ({"type": "boolean"}, True),
    "alternatives": ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, "2026-05-01T10:15:00Z"),
    "date": ({"type": ["string", "null"], "format": "date"}, "2024-02-29"),
    "nothing": ({"type": "null"}, None),
    "described": ({"type": "string", "title": "T", "description": "D", "default": 5, "x-more": {"pattern": "^$"}}, "x"),
}


@pytest.mark.parametrize(("allowed", "value"), EXACT.values(), ids=EXACT)
def test_common_columns_are_checked_while_they_are_decoded(allowed: dict[str, Any], value: Any) -> None:
    """The columns that most taps send need no validator."""
    stream = Stream({"a": allowed})
    (column,) = (column for column in stream.type.columns if column.column_name == "a")
    assert column.validator is None
    assert column.type is not Any
    record = {"key": "k", "seg": "s", "a": value}
    assert stream.decoded(record) is not None
    assert not stream.widen(record)


NOT_DECODABLE: dict[str, dict[str, Any]] = {
    "rule for the whole record": {"minProperties": 2},
    "alternatives": {"anyOf": [{"required": ["a"]}]},
    "patterns": {"patternProperties": {"^x": {}}},
    "no object": {"type": "array"},
    "column that the schema lacks": {"required": ["other"]},
    "reference to a column": {"$defs": {"x": {"$ref": "#/properties/key"}}},
    "address": {"$id": "https://example.com/schema"},
}


@pytest.mark.parametrize("rules", NOT_DECODABLE.values(), ids=NOT_DECODABLE)
def test_schemas_that_types_cannot_express(rules: dict[str, Any]) -> None:
    """If types cannot express a schema, there is no fast path, unless records are not validated."""
    columns = {"a": {"type": "string"}}
    assert Stream(columns, **rules).type.message_type is None
    assert Stream(columns, validate=False, **rules).type.message_type is not None


@pytest.mark.parametrize("name", ['"', "\\", "a\nb"])
def test_names_that_json_escapes(name: str) -> None:
    """If JSON must escape the name of a column, there is no fast path, but records can be created."""
    fields = derive_stream_fields(STREAM, {"properties": {name: {}, "key": {}}}, ["key"], field_mapping={name: "N"})
    record_type = RecordType(STREAM, {"properties": {name: {}, "key": {}}}, fields, validate=True)
    assert record_type.message_type is None
    assert msgspec.structs.astuple(record_type.create_record({name: 1, "key": "k"}))[:2] == (1, "k")
    assert record_type.widen_for({"other": 1}) is None


def test_unknown_columns_are_accepted_up_to_a_limit() -> None:
    """The type is widened for columns that the schema does not have, up to a limit."""
    stream = Stream({})
    assert stream.widen({"key": "k", "x": 1, "_sdc_y": [{}]})
    assert stream.decoded({"key": "k", "x": "other", "_sdc_y": None}) is not None
    assert not stream.widen({"key": "k", "x": 2})
    assert not stream.widen({"key": "k", **{f"x{number}": 1 for number in range(99)}})
    assert stream.decoded({"key": "k", "x0": 1}) is None
