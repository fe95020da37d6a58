"""The search for records: filters, order, `skip` and `take`, as in `data/search`."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from target_selligent.emulator import jsontext
from target_selligent.emulator.refusals import ValidationRefusal
from target_selligent.emulator.tenant.database import pk_range, record_id
from target_selligent.emulator.tenant.fields import ID, Field
from target_selligent.emulator.tenant.key_sets import existing_key_set
from target_selligent.emulator.tenant.store import ListEntry, SegmentEntry, Store
from target_selligent.emulator.tenant.values import comparable_form, parse_text

_BATCH = 1000


@dataclass(frozen=True)
class Filter:
    """One condition. A record is found if it meets all conditions of the search."""

    field_name: str
    operator: str
    field_value: str | None = None


@dataclass(frozen=True)
class Search:
    """A search. Without `take`, it returns all records that it finds."""

    fields: Sequence[str]
    filters: Sequence[Filter] = ()
    skip: int = 0
    take: int | None = None
    order_by: str | None = None
    descending: bool = False


Condition = Callable[[Sequence[Any]], bool]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "EqualTo": lambda left, right: left == right,
    "NotEqualTo": lambda left, right: left != right,
    "GreaterThan": lambda left, right: left > right,
    "GreaterThanOrEqualTo": lambda left, right: left >= right,
    "LessThan": lambda left, right: left < right,
    "LessThanOrEqualTo": lambda left, right: left <= right,
}


def find_records(
    store: Store, entry: ListEntry, search: Search, segment: SegmentEntry | None = None
) -> list[list[Any]]:
    """Return the values of the records that a search finds. Without another order, they are in that of their numbers.

    Args:
        store: The Lists.
        entry: The List to search.
        search: The search.
        segment: Search only the members of this Segment.

    Raises:
        ValidationRefusal: A field does not exist, or a filter does not fit its field.
    """
    fields = store.fields(entry)
    positions = [_position(fields, name) for name in search.fields]
    conditions = [_condition(fields, one) for one in search.filters]
    order = _position(fields, search.order_by) if search.order_by else 0
    reader = _RecordReader(store, entry, segment, descending=search.descending and not order)
    skip, take = search.skip, search.take
    if not (conditions or order):
        # SQLite skips records faster than this function would.
        reader.limit, skip = (-1 if take is None else take, skip), 0
    reader.candidates = _candidate_pks(store, entry, fields, search.filters)
    found: Iterator[list[Any]] = (
        values for values in reader.read(len(fields)) if all(condition(values) for condition in conditions)
    )
    if order:
        kind = fields[order].data_type
        found = iter(sorted(found, key=lambda values: _order_key(kind, values[order]), reverse=search.descending))
    rows: list[list[Any]] = []
    for number, values in enumerate(found):
        if take is not None and len(rows) >= take:
            break
        if number >= skip:
            rows.append([values[position] for position in positions])
    return rows


def stored_names(store: Store, entry: ListEntry, names: Sequence[str]) -> list[str]:
    """Return the names of fields in the spelling of the List.

    Raises:
        ValidationRefusal: A field does not exist.
    """
    fields = store.fields(entry)
    return [fields[_position(fields, name)].name for name in names]


class _RecordReader:
    """Reads the records of a List, or the members of a Segment, in the order of their numbers."""

    def __init__(self, store: Store, entry: ListEntry, segment: SegmentEntry | None, *, descending: bool) -> None:
        self._connection = store.connection
        self._entry = entry
        self._segment = segment
        self._order = "DESC" if descending else "ASC"
        self.limit = -1, 0
        self.candidates: list[int] | None = None

    def read(self, width: int) -> Iterator[list[Any]]:
        """Yield the values of each record.

        Args:
            width: How many fields the List has; a record from before a new field gets null for it.
        """
        table, condition, parameters = "records", "pk BETWEEN ? AND ?", list(pk_range(self._entry.id))
        if self._segment is not None:
            table, condition, parameters = "members JOIN records USING (pk)", "segment_id = ?", [self._segment.id]
        if self.candidates is not None:
            condition += f" AND pk IN ({','.join(map(str, self.candidates))})"
        sql = f"SELECT pk, data FROM {table} WHERE {condition} ORDER BY pk {self._order} LIMIT ? OFFSET ?"  # noqa: S608
        cursor = self._connection.execute(sql, (*parameters, *self.limit))
        while batch := cursor.fetchmany(_BATCH):
            for pk, data in batch:
                values = jsontext.decode(data)
                values += [None] * (width - len(values))
                values[0] = record_id(pk)
                yield values


def _candidate_pks(
    store: Store, entry: ListEntry, fields: Sequence[Field], filters: Sequence[Filter]
) -> list[int] | None:
    """Return the records that an equality filter can find in a key set, without reading every record.

    Returns:
        The `pk`s, among which are all records that the search finds; None if no filter narrows the search.
    """
    for one in filters:
        field = fields[_position(fields, one.field_name)]
        if one.operator != "EqualTo" or one.field_value is None:
            continue
        key_set = existing_key_set(store, entry, [field])
        if key_set is not None:
            try:
                value = comparable_form(field.data_type, parse_text(field, one.field_value))
            except ValueError:
                return None
            return key_set.find_values([value])
    return None


def _position(fields: Sequence[Field], name: str) -> int:
    scope, dot, bare = name.rpartition(".")
    if dot and scope.casefold() == "system" and bare.casefold() == "selligentid":
        bare = ID
    elif dot and scope.casefold() != "master":
        raise ValidationRefusal(f"Scope {scope} does not exist")
    for position, field in enumerate(fields):
        if field.name.casefold() == bare.casefold():
            return position
    raise ValidationRefusal(f"Field {bare} does not exist")


def _order_key(kind: str, value: Any) -> tuple[bool, Any]:  # noqa: ANN401 - JSON
    return value is not None, comparable_form(kind, value) if value is not None else 0


def _condition(fields: Sequence[Field], one: Filter) -> Condition:
    position = _position(fields, one.field_name)
    field = fields[position]
    fixed: dict[str, Condition] = {
        "IsNull": lambda values: values[position] is None,
        "IsNotNull": lambda values: values[position] is not None,
        "IsEmpty": lambda values: values[position] == "" and isinstance(values[position], str),
        "IsNotEmpty": lambda values: values[position] is not None and values[position] != "",
    }
    if one.operator in fixed:
        return fixed[one.operator]
    if one.field_value is None:
        raise ValidationRefusal(f"The filter on {field.name} needs a field_value")
    if one.operator == "Like":
        return _like(position, one.field_value)
    compare = _COMPARISONS.get(one.operator)
    if compare is None:
        raise ValidationRefusal(f"The filter on {field.name} has no operator that is known")
    try:
        expected = comparable_form(field.data_type, parse_text(field, one.field_value))
    except ValueError:
        raise ValidationRefusal(f"The filter on {field.name} needs a {field.data_type}") from None
    kind = field.data_type

    def matches(values: Sequence[Any]) -> bool:
        value = values[position]
        return value is not None and compare(comparable_form(kind, value), expected)

    return matches


def _like(position: int, pattern: str) -> Condition:
    wildcards = {"%": ".*", "_": "."}
    expression = re.compile("".join(wildcards.get(letter) or re.escape(letter) for letter in pattern), re.DOTALL)

    def matches(values: Sequence[Any]) -> bool:
        return values[position] is not None and expression.fullmatch(str(values[position])) is not None

    return matches
