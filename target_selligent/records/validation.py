"""Checks records against their JSON Schema. The messages never contain a record's values.

The rules are those of the SDK: draft 2020-12, whatever draft the schema names, and formats are not checked.
The validator (`jsonschema-rs`) differs from `jsonschema` in a few cases: NaN, decimals with a whole value, `multipleOf`
of floats, and regular expressions, which follow ECMA. Rows are not affected, or `rows.py` rejects such values.
If `jsonschema-rs` cannot build a schema, `jsonschema` checks it. See docs/decisions/0001-validation.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import jsonschema_rs

from target_selligent.errors import InputError, RejectedRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import jsonschema

_MASK = "the value"


class RecordValidator:
    """Checks the records of one schema.

    Args:
        stream: Name of the stream, for messages.
        schema: JSON Schema of the records.
        also_allowed: Pattern of the names of further properties that a record may have, with any value.

    Raises:
        InputError: If the schema is not a valid JSON Schema.
    """

    __slots__ = ("_violations", "is_valid")

    is_valid: Callable[[Mapping[str, Any]], bool]
    """Returns whether a record is valid."""

    def __init__(self, stream: str, schema: dict[str, Any], *, also_allowed: str | None = None) -> None:
        patterns = schema.get("patternProperties", {})
        if also_allowed is not None and isinstance(patterns, dict):
            schema = {**schema, "patternProperties": {**patterns, also_allowed: {}}}
        try:
            validator = jsonschema_rs.Draft202012Validator(
                schema, validate_formats=False, mask=_MASK, retriever=_refuse_remote
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            python_validator = _create_python_validator(stream, schema)
            self.is_valid = _create_is_valid(stream, python_validator)
            self._violations: Callable[[Any], Iterable[tuple[Iterable[object], str]]] = lambda record: (
                (error.absolute_path, f"{_MASK} breaks the rule {error.validator}")
                for error in python_validator.iter_errors(record)
            )
        else:
            self.is_valid = validator.is_valid
            self._violations = lambda record: (
                (error.instance_path, error.message) for error in validator.iter_errors(record)
            )

    def are_all_valid(self, records: Iterable[Mapping[str, Any]]) -> bool:
        """Return whether all records are valid."""
        try:
            return all(map(self.is_valid, records))
        except ValueError as error:
            if isinstance(error, UnicodeError):
                raise
            # A record is nested too deeply for the validator.
            return False

    def find_violation(self, record: Mapping[str, Any]) -> RejectedRecord:
        """Return why a record is not valid: the first rule that it breaks, and where."""
        try:
            for path, message in self._violations(record):
                where = ".".join(str(part) for part in path)
                return RejectedRecord(f"it does not match its schema: {message}", field=where or None, code="schema")
        except ValueError:
            return RejectedRecord("it is nested too deeply", code="schema")
        return RejectedRecord("it does not match its schema", code="schema")


def _create_python_validator(stream: str, schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    # Few runs need it, and a program starts much sooner without it.
    import jsonschema  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415

    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        where = ".".join(str(part) for part in error.absolute_path) or "its root"
        raise InputError(
            f"the schema of stream {stream} is not a valid JSON Schema (at {where}): fix the tap"
        ) from None
    return jsonschema.Draft202012Validator(schema, registry=Registry())


def _create_is_valid(stream: str, validator: jsonschema.Draft202012Validator) -> Callable[[Mapping[str, Any]], bool]:
    """Return the validator's check. A reference in the schema is resolved only when a record needs it."""
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - as above

    def is_valid(record: Mapping[str, Any]) -> bool:
        try:
            return bool(validator.is_valid(record))
        except Unresolvable:
            raise InputError(
                f"the schema of stream {stream} refers to a schema that it does not contain: fix the tap"
            ) from None

    return is_valid


def _refuse_remote(uri: str) -> NoReturn:
    """Refuse a reference to another document: a schema must not cause requests."""
    raise ValueError(f"remote reference {uri}")
