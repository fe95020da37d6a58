"""Fields with names like those of columns whose fields a List does not have. Pure; no I/O."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIMILAR = 0.8


def suggest_fields(columns: Iterable[str], fields: Iterable[str]) -> dict[str, str]:
    """Return the fields that are probably meant by columns. Each field is suggested once.

    Args:
        columns: Columns whose fields the List does not have.
        fields: Fields of the List that may be written and that no other column has.

    Returns:
        Column to field, for the columns for which there is a suggestion.
    """
    free = {_letters(name): name for name in fields}
    suggested: dict[str, str] = {}
    for column in columns:
        letters = _letters(column)
        similar = [letters, *difflib.get_close_matches(letters, free, n=1, cutoff=_SIMILAR)]
        found = next((name for name in similar if name in free), None)
        if found is not None:
            suggested[column] = free.pop(found)
    return suggested


def _letters(name: str) -> str:
    """Return a name without case and without what separates its words."""
    return re.sub(r"[\W_]+", "", name).casefold()
