"""Errors of ours that the SDK knows by classes of its own."""

from __future__ import annotations

from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException

from target_selligent.errors import InputError, RunStoppedError


class RecordBeforeSchemaError(InputError, RecordsWithoutSchemaException):
    """When a RECORD comes before the SCHEMA of its stream; the SDK knows it by its own class."""


class MissingKeyError(RunStoppedError, MissingKeyPropertiesError):
    """When a record without a usable key ends the run; the SDK knows it by its own class."""
