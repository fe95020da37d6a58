"""Errors of ours for which the SDK has classes of its own."""

from __future__ import annotations

from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException

from target_selligent.errors import InputError, RunStoppedError


class RecordBeforeSchemaError(InputError, RecordsWithoutSchemaException):
    """Raised if a RECORD comes before the SCHEMA of its stream."""


class MissingKeyError(RunStoppedError, MissingKeyPropertiesError):
    """Raised if a record without a usable key ends the run."""


def to_sdk_error(error: Exception) -> Exception:
    """Return an error as the class of the SDK with the same meaning. Return it unchanged if there is none.

    Args:
        error: The error.
    """
    if isinstance(error, RunStoppedError) and error.code == "missing_key":
        return MissingKeyError(str(error))
    return error
