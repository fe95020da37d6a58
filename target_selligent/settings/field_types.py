"""The types of fields, as settings write them. Pure; no I/O."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.settings.definition import MAX_TEXT_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_TYPES = ("Boolean", "Numeric", "Long", "Float", "Date", "DateTime", "Text", "LongText", "Json")
"""The types that a field can be created with (docs/selligent-api.md)."""

_SYNTAX = re.compile(r"\s*([A-Za-z]+)\s*(?:\(\s*([0-9]{1,9})\s*\)\s*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class NamedType:
    """The type of a field.

    Args:
        data_type: Its name in Selligent's API, such as `Text`.
        length: Longest text in characters; None for types other than `Text`.
    """

    data_type: str
    length: int | None = None


def parse_field_type(text: str) -> NamedType:
    """Return the type that a text such as `Text(50)` or `Long` names, in any case.

    Args:
        text: The text.

    Raises:
        ValueError: If it is not a type, or not a possible length. The message says what is wrong.
    """
    match = _SYNTAX.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a type, such as Text(50) or Long")
    known = {name.casefold(): name for name in _TYPES}
    data_type = known.get(match[1].casefold())
    if data_type is None:
        near = difflib.get_close_matches(match[1].casefold(), known, n=1)
        hint = f" (did you mean {known[near[0]]}?)" if near else ""
        raise ValueError(f"{match[1]} is not one of the types {', '.join(_TYPES)}{hint}")
    if data_type != "Text":
        if match[2]:
            raise ValueError(f"{data_type} has no length: only Text has one")
        return NamedType(data_type)
    if not match[2]:
        raise ValueError("Text needs a length, such as Text(50)")
    length = int(match[2])
    if not 0 < length <= MAX_TEXT_LENGTH:
        raise ValueError(f"the length of Text is from 1 to {MAX_TEXT_LENGTH}: use LongText for longer text")
    return NamedType(data_type, length)


def find_type_problems(types: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each problem in `field_types`.

    Args:
        types: The value of the setting.
    """
    yield from find_same_names("field_types", types)
    for name, text in types.items():
        if text is None:
            continue
        if not isinstance(text, str):
            yield f"field_types of field {name} must be a type such as Text(50), or null"
            continue
        try:
            parse_field_type(text)
        except ValueError as error:
            yield f"field_types of field {name}: {error}"


def find_same_names(setting: str, by_field: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each field that a setting names twice.

    Args:
        setting: The name of the setting.
        by_field: Its value, by the names of fields.
    """
    first: dict[str, str] = {}
    for name in by_field:
        if (other := first.setdefault(name.casefold(), name)) != name:
            yield f"{setting} names {other} and {name}, which are the same field: leave one out"


def merge_by_field(of_run: Mapping[str, Any], named: Iterable[str], of_stream: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by field, those of a stream instead of those of the run. Names are the same in any case.

    Args:
        of_run: The values of the run.
        named: The fields that the stream names. If it has no value for one, that of the run is taken away.
        of_stream: The stream's own values.
    """
    own = {name.casefold() for name in named}
    return {**{name: value for name, value in of_run.items() if name.casefold() not in own}, **of_stream}
