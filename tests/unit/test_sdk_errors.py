"""Errors as the classes of the SDK: whoever catches those catches ours, and the text stays the same."""

from __future__ import annotations

import pytest
from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException

from target_selligent.errors import InputError, RunStoppedError
from target_selligent.sdk_errors import RecordBeforeSchemaError, to_sdk_error


def test_a_missing_key_is_the_sdks_error_and_ours() -> None:
    """It has the text of our error."""
    found = to_sdk_error(RunStoppedError("record 5 has no key", code="missing_key"))
    assert isinstance(found, MissingKeyPropertiesError)
    assert isinstance(found, RunStoppedError)
    assert str(found) == "record 5 has no key"


@pytest.mark.parametrize(
    "error", [RunStoppedError("x", code="too_long"), InputError("missing_key"), ValueError("missing_key")], ids=repr
)
def test_other_errors_are_unchanged(error: Exception) -> None:
    """The SDK has no class of its own for them."""
    assert to_sdk_error(error) is error


def test_a_record_before_its_schema_is_the_sdks_error_and_ours() -> None:
    """Both can be caught."""
    error = RecordBeforeSchemaError("no SCHEMA")
    assert isinstance(error, RecordsWithoutSchemaException)
    assert isinstance(error, InputError)
