"""Errors of ours that the SDK knows by classes of its own."""

from __future__ import annotations

from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException

from target_selligent.errors import InputError, RunStoppedError


class RecordBeforeSchemaError(InputError, RecordsWithoutSchemaException):
    """When a RECORD comes before the SCHEMA of its stream; the SDK knows it by its own class."""


class MissingKeyError(RunStoppedError, MissingKeyPropertiesError):
    """When a record without a usable key ends the run; the SDK knows it by its own class."""


def to_sdk_error(error: Exception) -> Exception:
    """Return an error as the class of the SDK's that means the same, if it has one; else the error itself."""
    if isinstance(error, RunStoppedError) and error.code == "missing_key":
        return MissingKeyError(str(error))
    return error
