"""Bulk calls: which fields they name, which of their rows are valid, and which rows have the same key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from target_selligent.emulator import jsontext
from target_selligent.emulator.refusals import BadRequestRefusal, ValidationRefusal
from target_selligent.emulator.tenant.fields import ID, Field
from target_selligent.emulator.tenant.values import (
    CONVERTED_TYPES,
    Check,
    Problem,
    comparable_form,
    compile_check,
    stored_form,
)


@dataclass(frozen=True)
class RowRefusal:
    """Why one row is refused."""

    field_name: str | None
    problem: Problem


@dataclass(frozen=True)
class BulkCall:
    """A bulk call as it arrives.

    Attributes:
        key_fields: Names of the key fields, separated by commas.
        fields: Names of the columns, separated by commas; None if the first row has them.
        body: The decoded body.
        first_match: Of several rows with the same key, use the first instead of the last.
        stop_on_error: Stop at the first invalid row.
        refusals: Rows that a fault rule refuses, by their index.
        index_base: Number of the first row in the response.
        fold_case: Ignore case and trailing blanks when keys are compared.
        invalid_rows: How the response reports invalid rows, as in `EmulatorOptions`.
    """

    key_fields: str
    fields: str | None
    body: Any
    first_match: bool = False
    stop_on_error: bool = False
    refusals: Mapping[int, RowRefusal] = field(default_factory=dict)
    index_base: int = 0
    fold_case: bool = True
    invalid_rows: str = "listed"


@dataclass
class CheckedRows:
    """The rows of a bulk call after the checks.

    Attributes:
        columns: The fields that the rows have, in order.
        keys: Those of the fields that are the key.
        total: How many rows the call has.
        accepted: Key to the index and values of the row to use: one row for each key.
        invalid: The invalid rows, as the response lists them.
        failed: How many rows are invalid, or come after the row at which the call stopped.
        duplicates: How many valid rows are not used, because another row has the same key.
        index_base: As in `BulkCall`.
        invalid_rows: As in `BulkCall`.
    """

    columns: list[Field]
    keys: list[Field]
    total: int
    accepted: dict[str, tuple[int, list[Any]]]
    invalid: list[dict[str, Any]]
    failed: int
    duplicates: int
    index_base: int = 0
    invalid_rows: str = "listed"

    def refuse(self, index: int, field_name: str | None, problem: Problem) -> None:
        """Count a row as invalid, and list it if `invalid_rows` says so.

        Raises:
            ValidationRefusal: One invalid row makes the whole call fail.
        """
        if self.invalid_rows == "whole":
            raise ValidationRefusal(problem.message)
        self.failed += 1
        if self.invalid_rows == "counted":
            return
        self.invalid.append(
            {
                "record_index": index + self.index_base,
                "field_name": field_name,
                "message": problem.message,
                "validation_code": problem.validation_code,
            }
        )


def encode_key(values: Sequence[Any], *, fold_case: bool) -> str:
    """Return a key as one text. Equal keys have equal texts."""
    if fold_case:
        values = [value.casefold().rstrip(" ") if isinstance(value, str) else value for value in values]
    return jsontext.encode(values).decode()


def find_fields(names: Sequence[Any], fields: Sequence[Field], *, writing: bool) -> list[Field]:
    """Return the fields that a call names.

    Args:
        names: The names, in any case.
        fields: The List's fields.
        writing: Whether computed fields are refused.

    Raises:
        ValidationRefusal: A field is unknown, named twice, or cannot be written.
    """
    by_name = {one.name.casefold(): one for one in fields}
    found: list[Field] = []
    for name in names:
        one = by_name.get(name.casefold()) if isinstance(name, str) else None
        if one is None:
            raise ValidationRefusal(f"Field {name} does not exist" if isinstance(name, str) else "Field names are text")
        if writing and one.is_computed:
            raise ValidationRefusal(f"Field {one.name} is computed and cannot be written")
        found.append(one)
    if len({one.name for one in found}) < len(found):
        raise ValidationRefusal("A field is named twice")
    return found


def check_bulk_call(
    call: BulkCall, fields: Sequence[Field], codes: Mapping[str, set[Any]], *, writing: bool
) -> CheckedRows:
    """Check a bulk call and its rows.

    Args:
        call: The call.
        fields: The List's fields.
        codes: Name of an option list in lower case to the codes that it has.
        writing: Whether the call writes its columns; otherwise it only searches for keys.

    Raises:
        BadRequestRefusal: The call as a whole is refused.
    """
    body = call.body
    if not isinstance(body, list) or not all(isinstance(row, list) for row in body):
        raise BadRequestRefusal("The body must be a JSON array of arrays")
    if call.fields is None:
        if not body:
            raise BadRequestRefusal("Without the parameter fields, the first row must name the fields")
        names, body = body[0], body[1:]
    else:
        names = call.fields.split(",")
    columns = find_fields(names, fields, writing=True)
    keys = find_fields(call.key_fields.split(","), fields, writing=True)
    for key in keys:
        if key not in columns:
            raise ValidationRefusal(f"Key field {key.name} is not among the fields")
    if writing and any(one.name == ID for one in columns if one not in keys):
        raise ValidationRefusal(f"Field {ID} cannot be written")
    rows = CheckedRows(columns, keys, len(body), {}, [], 0, 0, call.index_base, call.invalid_rows)
    _check_rows(rows, call, body, codes)
    return rows


def _check_rows(rows: CheckedRows, call: BulkCall, body: list[list[Any]], codes: Mapping[str, set[Any]]) -> None:
    checks = [compile_check(one, codes.get((one.optionlist or "").casefold())) for one in rows.columns]
    nullable = [one.allow_null and one not in rows.keys for one in rows.columns]
    converted = [
        (position, one.data_type) for position, one in enumerate(rows.columns) if one.data_type in CONVERTED_TYPES
    ]
    positions = [rows.columns.index(key) for key in rows.keys]
    types = [key.data_type for key in rows.keys]
    compared_as_is = not {"Float", "Date", "DateTime", "Boolean"} & set(types)
    accepted = rows.accepted
    for index, row in enumerate(body):
        refusal = call.refusals.get(index) or _find_problem(row, rows.columns, checks, nullable)
        if refusal is not None:
            rows.refuse(index, refusal.field_name, refusal.problem)
            if call.stop_on_error:
                rows.failed += len(body) - index - 1
                return
            continue
        for position, kind in converted:
            row[position] = stored_form(kind, row[position])
        values = [row[position] for position in positions]
        if not compared_as_is:
            values = [comparable_form(kind, value) for kind, value in zip(types, values, strict=True)]
        key = encode_key(values, fold_case=call.fold_case)
        if key in accepted:
            rows.duplicates += 1
            if call.first_match:
                continue
            # The last row is used, also for the order of rows.
            del accepted[key]
        accepted[key] = index, row


def _find_problem(
    row: list[Any], columns: Sequence[Field], checks: Sequence[Check], nullable: Sequence[bool]
) -> RowRefusal | None:
    if len(row) != len(columns):
        return RowRefusal(None, Problem("InvalidFieldCount", "Record contains incorrect number of fields"))
    for position, value in enumerate(row):
        if value is None:
            if not nullable[position]:
                name = columns[position].name
                return RowRefusal(name, Problem("InvalidType", f"Field {name} does not take null"))
            continue
        problem = checks[position](value)
        if problem is not None:
            return RowRefusal(columns[position].name, problem)
    return None
