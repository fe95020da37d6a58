"""Records against their JSON Schema, fast, and without repeating their values.

The rules are those of the SDK: draft 2020-12 whatever the schema calls itself, formats not checked. The validator in
Rust differs from `jsonschema` in corners that do not matter to rows or are refused there: NaN, integer-valued decimals,
`multipleOf` of floats, and regular expressions, which it reads as ECMA does. A schema it cannot build falls back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import jsonschema
import jsonschema_rs
from referencing import Registry
from referencing.exceptions import Unresolvable

from target_selligent.errors import InputError, RejectedRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_MASK = "the value"


class RecordValidator:
    """Checks the records of one schema.

    Args:
        stream: Name of the stream, for messages.
        schema: JSON Schema of its records.
        also_allowed: Pattern of properties that a record may have besides, whatever they hold.

    Raises:
        InputError: If it is no valid JSON Schema.
    """

    __slots__ = ("_violations", "is_valid")

    is_valid: Callable[[Mapping[str, Any]], bool]
    """Says whether a record fits the schema."""

    def __init__(self, stream: str, schema: dict[str, Any], *, also_allowed: str | None = None) -> None:
        patterns = schema.get("patternProperties", {})
        if also_allowed is not None and isinstance(patterns, dict):
            schema = {**schema, "patternProperties": {**patterns, also_allowed: {}}}
        try:
            validator = jsonschema_rs.Draft202012Validator(
                schema, validate_formats=False, mask=_MASK, retriever=_refuse_remote
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            fallback = _fallback(stream, schema)
            self.is_valid = _resolving(stream, fallback)
            self._violations: Callable[[Any], Iterable[tuple[Iterable[object], str]]] = lambda record: (
                (error.absolute_path, f"{_MASK} breaks the rule {error.validator}")
                for error in fallback.iter_errors(record)
            )
        else:
            self.is_valid = validator.is_valid
            self._violations = lambda record: (
                (error.instance_path, error.message) for error in validator.iter_errors(record)
            )

    def are_all_valid(self, records: Iterable[Mapping[str, Any]]) -> bool:
        """Say whether all of some records fit the schema."""
        try:
            return all(map(self.is_valid, records))
        except ValueError as error:
            if isinstance(error, UnicodeError):
                raise
            # Nested more deeply than the validator goes.
            return False

    def violation(self, record: Mapping[str, Any]) -> RejectedRecord:
        """Return what is wrong with a record that is not valid: the first rule it breaks, and where."""
        try:
            for path, message in self._violations(record):
                where = ".".join(str(part) for part in path)
                return RejectedRecord(f"against its schema: {message}", field=where or None, code="schema")
        except ValueError:
            return RejectedRecord("nested too deeply", code="schema")
        return RejectedRecord("against its schema", code="schema")


def _fallback(stream: str, schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        where = ".".join(str(part) for part in error.absolute_path) or "its root"
        raise InputError(f"the schema of stream {stream} is no valid JSON Schema (at {where}): mend the tap") from None
    return jsonschema.Draft202012Validator(schema, registry=Registry())


def _resolving(stream: str, validator: jsonschema.Draft202012Validator) -> Callable[[Mapping[str, Any]], bool]:
    """Return the validator's check; what a schema refers to is only looked for when a record gets there."""

    def is_valid(record: Mapping[str, Any]) -> bool:
        try:
            return bool(validator.is_valid(record))
        except Unresolvable:
            raise InputError(
                f"the schema of stream {stream} refers to one that is not part of it: mend the tap"
            ) from None

    return is_valid


def _refuse_remote(uri: str) -> NoReturn:
    """Keep a schema from making us fetch things."""
    raise ValueError(f"remote reference {uri}")
