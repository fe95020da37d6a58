"""The rows of a bulk call: which fields they name, which of them are valid, which stand for the same key."""

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
    """A row that a fault rule refuses."""

    field_name: str | None
    problem: Problem


@dataclass(frozen=True)
class BulkCall:
    """What a bulk call asks for.

    Attributes:
        key_fields: Names, separated by commas.
        fields: Names, separated by commas; None if the first row holds them.
        body: The decoded body.
        first_match: Of rows with one key, take the first instead of the last.
        stop_on_error: Stop at the first invalid row.
        refusals: Rows to refuse in any case, by their index.
        index_base: Number of the first row in the answer.
        fold_case: Compare text in keys without case and trailing blanks.
        invalid_rows: What the answer tells of invalid rows; as the option.
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
    """The rows of a call that may be worked on, each once per key, and what became of the others."""

    columns: list[Field]
    keys: list[Field]
    total: int
    accepted: dict[str, tuple[int, list[Any]]]
    invalid: list[dict[str, Any]]
    failed: int
    duplicates: int
    index_base: int = 0
    invalid_rows: str = "listed"

    def key_values(self, row: Sequence[Any]) -> list[Any]:
        """Return a row's key, value by value."""
        return [row[self.columns.index(key)] for key in self.keys]

    def refuse(self, index: int, field_name: str | None, problem: Problem) -> None:
        """Put a row among the invalid ones.

        Raises:
            ValidationRefusal: If one of them fails the whole call.
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
    """Return a key as one text: equal keys give equal texts."""
    if fold_case:
        values = [value.casefold().rstrip(" ") if isinstance(value, str) else value for value in values]
    return jsontext.encode(values).decode()


def find_fields(names: Sequence[Any], fields: Sequence[Field], *, writing: bool) -> list[Field]:
    """Return the fields that a call names.

    Raises:
        ValidationRefusal: One is unknown, named twice or cannot be written.
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
        codes: What the option lists take, by their name without case.
        writing: The call writes every column, not only looks for keys.

    Raises:
        BadRequestRefusal: The call as a whole cannot be done.
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
    _accept(rows, call, body, codes)
    return rows


def _accept(rows: CheckedRows, call: BulkCall, body: list[list[Any]], codes: Mapping[str, set[Any]]) -> None:
    checks = [compile_check(one, codes.get((one.optionlist or "").casefold())) for one in rows.columns]
    nullable = [one.allow_null and one not in rows.keys for one in rows.columns]
    changed = [
        (position, one.data_type) for position, one in enumerate(rows.columns) if one.data_type in CONVERTED_TYPES
    ]
    positions = [rows.columns.index(key) for key in rows.keys]
    types = [key.data_type for key in rows.keys]
    simple = not {"Float", "Date", "DateTime", "Boolean"} & set(types)
    accepted = rows.accepted
    for index, row in enumerate(body):
        refusal = call.refusals.get(index) or _problem(row, rows.columns, checks, nullable)
        if refusal is not None:
            rows.refuse(index, refusal.field_name, refusal.problem)
            if call.stop_on_error:
                rows.failed += len(body) - index - 1
                return
            continue
        for position, kind in changed:
            row[position] = stored_form(kind, row[position])
        values = [row[position] for position in positions]
        if not simple:
            values = [comparable_form(kind, value) for kind, value in zip(types, values, strict=True)]
        key = encode_key(values, fold_case=call.fold_case)
        if key in accepted:
            rows.duplicates += 1
            if call.first_match:
                continue
            # The row that counts is the last one, so it also takes the last one's place in the order.
            del accepted[key]
        accepted[key] = index, row


def _problem(
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
