"""When two keys are the same key: everything that compares keys asks here. Pure; no I/O.

Selligent's tables are SQL Server's. How these compare text depends on the tenant's collation, which the API does not
show; the default ignores case and trailing blanks. So there are two questions, each with its own safe answer:

- May two records be the same one, so that their order counts? `order_keys` is generous: keys that any collation could
  take for one are alike. If they are not, all it costs is a load that is cut earlier.
- Is a record to be left out because another of its key counts? `run_keys` takes two keys for one only as far as
  `key_comparison` says: a record that is left out is not loaded.

Both compare numbers as numbers, and dates and date-times as days and instants, where the key field is of such a type.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.conversions import FieldType
from target_selligent.dates import to_utc_date_time

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from target_selligent.batch import Key, Source

    _FoldTexts = Callable[[Sequence[str]], list[str]]

_encode = msgspec.json.Encoder().encode
_TEXT = frozenset({str})
_WEIGHTLESS = frozenset({"Mn", "Me", "Cc", "Cf"})
"""Unicode categories of characters that a collation may not count: accents, marks, control and format characters."""
_EXPANDED = str.maketrans({"æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ø": "o", "đ": "d", "ł": "l", "ħ": "h"})
"""Letters that collations take for others, but Unicode does not."""
_HIRAGANA = {katakana: katakana - 0x60 for katakana in range(0x30A1, 0x30F7)}


def order_keys(key_types: Sequence[FieldType], keys: Sequence[Key]) -> list[Hashable]:
    """Return a form of each key that is equal wherever some tenant could take two keys for one.

    Args:
        key_types: Types of the key fields, in key order.
        keys: Keys of these fields.
    """
    return _forms(key_types, keys, _generous_texts)


def order_key(key_types: Sequence[FieldType], key: Key | None) -> Hashable:
    """Return what `order_keys` does for one key; None if the key is not known."""
    return None if key is None else order_keys(key_types, [key])[0]


def run_keys(source: Source, keys: Sequence[Key], *, ignore_case: bool) -> list[bytes]:
    """Return a form of each key that is equal only where two keys are one, over all the streams of a run.

    Keys of different Lists or of different fields are never one. In which order the fields are named does not count.

    Args:
        source: Where the keys come from and go to.
        keys: The keys.
        ignore_case: Whether texts that differ in case or in trailing blanks are one.
    """
    forms: Iterable[Any] = _forms(source.key_types, keys, _folded_texts if ignore_case else list)
    place = [source.list_api_name, *sorted(source.key_fields)]
    if len(source.key_fields) == 1:
        return [_encode((place, form)) for form in forms]
    by_name = sorted(range(len(source.key_fields)), key=source.key_fields.__getitem__)
    return [_encode((place, [form[index] for index in by_name])) for form in forms]


def _forms(key_types: Sequence[FieldType], keys: Sequence[Key], fold: _FoldTexts) -> list[Hashable]:
    if len(key_types) == 1:
        return _part_forms(key_types[0], keys, fold)
    if not keys:
        return []
    parts = zip(*keys, strict=True)
    return list(zip(*(_part_forms(kind, part, fold) for kind, part in zip(key_types, parts, strict=True)), strict=True))


def _part_forms(kind: FieldType, values: Sequence[Any], fold: _FoldTexts) -> list[Hashable]:
    """Return the comparable forms of the values of one key field."""
    if kind is FieldType.DATE_TIME:
        return [_instant(value) for value in values]
    if kind is FieldType.DATE:
        return [_instant(value)[: len("YYYY-MM-DD")] for value in values]
    if _TEXT.issuperset(map(type, values)):
        return list[Any](fold(values))
    return [fold([value])[0] if isinstance(value, str) else _number(value, kind) for value in values]


def _instant(value: object) -> str:
    """Return a date-time in UTC without zeros at its end; what is none stays as it is."""
    text = str(value)
    try:
        text = to_utc_date_time(text)
    except ValueError:
        return text
    return text.removesuffix("Z").rstrip("0").rstrip(".") if "." in text else text.removesuffix("Z")


def _number(value: Any, kind: FieldType) -> Hashable:  # noqa: ANN401 - JSON
    """Return a number in the form that all its spellings share; true and false are 1 and 0 to SQL Server."""
    if kind is FieldType.FLOAT:
        return float(value)
    return int(value) if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()) else value


def _folded_texts(texts: Sequence[str]) -> list[str]:
    """Return texts without case and trailing blanks."""
    return [text.rstrip(" ") for text in map(str.casefold, texts)]


def _generous_texts(texts: Sequence[str]) -> list[str]:
    """Return texts without whatever some collation ignores: case, blanks at the end, accents, width, kind of kana."""
    together = "".join(texts)
    if together.isascii() and together.isprintable():
        return list(map(str.lower, map(str.rstrip, texts)))
    return [_generous_text(text) for text in texts]


def _generous_text(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold()).casefold()
    counted = "".join(letter for letter in decomposed if unicodedata.category(letter) not in _WEIGHTLESS)
    return counted.translate(_EXPANDED).translate(_HIRAGANA).rstrip()
