"""The description of a stream: its fields and its validator, by its schema, the settings and how its records come."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from target_selligent.errors import DestinationError, InputError
from target_selligent.records.description import StreamOptions, describe_stream
from target_selligent.settings.settings import Settings

REQUIRED = {
    "base_url": "https://customer.slgnt.eu",
    "api_key": "key",
    "api_secret": "secret",
    "organization": "org",
    "list_api_name": "contacts",
}
SCHEMA: dict[str, Any] = {
    "properties": {
        "key": {"type": "string"},
        "email": {"type": ["string", "null"]},
        "segments": {"type": ["array", "null"], "items": {"type": "string"}},
        "_sdc_batched_at": {"type": "string"},
    }
}


def describe(options: StreamOptions = StreamOptions(), **settings: Any) -> Any:  # noqa: B008 - frozen
    """Return the description of the stream `people`."""
    return describe_stream("people", SCHEMA, ["key"], Settings.from_config({**REQUIRED, **settings}), options)


def names(description: Any) -> list[str]:
    """Return the names of its fields."""
    return [column.field.name for column in description.fields.columns]


def test_the_schema_is_not_changed() -> None:
    """The caller compares it with the next one."""
    before = copy.deepcopy(SCHEMA)
    describe(segment_column="segments")
    assert before == SCHEMA


def test_columns_become_fields() -> None:
    """The segment column is none of them, and neither is metadata."""
    description = describe(segment_column="segments")
    assert names(description) == ["KEY", "EMAIL"]
    assert (description.fields.segment_column, description.fields.key_columns) == ("segments", ("key",))


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (StreamOptions(keep_metadata=True), {}),
        (StreamOptions(), {"field_mapping": {"_sdc_batched_at": "_SDC_BATCHED_AT"}}),
    ],
    ids=["add_record_metadata", "field_mapping"],
)
def test_metadata_becomes_a_field_if_it_is_asked_for(options: StreamOptions, settings: dict[str, Any]) -> None:
    """For all columns, or for those that `field_mapping` names."""
    assert "_SDC_BATCHED_AT" in names(describe(options, segment_column="segments", **settings))


def test_a_stream_has_settings_of_its_own() -> None:
    """They replace those of the run."""
    streams = {"people": {"segment_column": "segments", "key_fields": "ADDRESS", "field_mapping": {"email": "ADDRESS"}}}
    description = describe(segment_column="missing", streams=streams)
    assert names(description) == ["KEY", "ADDRESS"]
    assert description.fields.key_columns == ("email",)


@pytest.mark.parametrize("validate", [True, False])
def test_records_are_validated_if_it_is_asked_for(validate: bool) -> None:  # noqa: FBT001 - a case
    """Unknown metadata columns are allowed in any case."""
    validator = describe(StreamOptions(validate=validate), segment_column="segments").validator
    assert (validator is not None) is validate
    if validator is not None:
        assert validator.are_all_valid([{"key": "a", "_sdc_other": 1}])
        assert not validator.are_all_valid([{"key": 5}])


def test_flattening_may_change_the_segment_column() -> None:
    """It writes an array as text, which the schema of an array would reject."""
    validator = describe(StreamOptions(flattened=True), segment_column="segments").validator
    assert validator.are_all_valid([{"key": "a", "segments": '["vip"]'}])
    assert not describe(segment_column="segments").validator.are_all_valid([{"key": "a", "segments": '["vip"]'}])


@pytest.mark.parametrize("validate", [True, False])
def test_a_wrong_schema_is_an_error(validate: bool) -> None:  # noqa: FBT001 - a case
    """Even if records are not validated."""
    settings, options = Settings.from_config(REQUIRED), StreamOptions(validate=validate)
    with pytest.raises(InputError, match="people"):
        describe_stream("people", {"properties": {"key": {"type": "strin"}}}, ["key"], settings, options)


def test_columns_that_cannot_become_fields_are_an_error() -> None:
    """For instance two columns with one field."""
    with pytest.raises(DestinationError, match="columns key, email become the same field"):
        describe(segment_column="segments", field_mapping={"key": "EMAIL"})
