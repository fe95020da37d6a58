"""When two keys are the same key: all code that compares keys uses this module. Pure; no I/O.

Selligent's tables are in SQL Server. How it compares text depends on the tenant's collation, which the API does not
show. The default collation ignores case and trailing blanks. So there are two questions, each with its own safe answer:

- Could two keys be the same to any tenant, so that the order of their records matters? `normalize_for_order` says yes
  if any collation could say yes. If it is wrong, a batch is submitted earlier than needed. Nothing else happens.
- Is a record left out because another record with the same key counts? `normalize_for_identity` says yes only as far
  as the setting `key_comparison` allows, because a record that is left out is not loaded.

Both compare numbers as numbers. If the type of the key field is Date or DateTime, they compare days or instants.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.records import FieldType, to_utc_date_time

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from target_selligent.batches.batch import Route
    from target_selligent.records import Key

    _FoldTexts = Callable[[Sequence[str]], list[str]]

_encode = msgspec.json.Encoder().encode
_TEXT = frozenset({str})
_JSON_MARK = "\x01"
"""Stands before the JSON of a key that is no text, or a text that starts with this character."""
_IGNORABLE = frozenset({"Mn", "Me", "Cc", "Cf"})
"""Unicode categories that some collation ignores: accents and other marks, control and format characters."""
_EXPANDED = str.maketrans({"æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ø": "o", "đ": "d", "ł": "l", "ħ": "h"})
"""Letters that some collation compares as other letters. Unicode's decomposition does not change them."""
_HIRAGANA = {katakana: katakana - 0x60 for katakana in range(0x30A1, 0x30F7)}


def normalize_for_order(key_types: Sequence[FieldType], keys: Sequence[Key]) -> list[Hashable]:
    """Return a form of each key. Two forms are equal if any tenant could compare the keys as equal.

    Args:
        key_types: The types of the key fields, in key order.
        keys: Keys of these fields.
    """
    return _normalize(key_types, keys, _fold_generously)


def normalize_key_for_order(key_types: Sequence[FieldType], key: Key | None) -> Hashable:
    """Return what `normalize_for_order` returns for a single key; None if the key is not known."""
    return None if key is None else normalize_for_order(key_types, [key])[0]


def normalize_for_identity(route: Route, keys: Sequence[Key], *, ignore_case: bool) -> list[bytes]:
    """Return a form of each key. Two forms are equal only if the keys are the same key, in all streams of a run.

    Keys of different Lists or of different fields are never the same key. The order of the key fields does not matter.

    Args:
        route: The route of the rows with these keys.
        keys: The keys.
        ignore_case: Whether case and trailing blanks make no difference.
    """
    place = [route.list_api_name, *sorted(route.key_fields)]
    forms: Iterable[Any] = _normalize(route.key_types, keys, _fold_case if ignore_case else list)
    if len(route.key_fields) == 1:
        return [_encode((place, form)) for form in forms]
    by_name = sorted(range(len(route.key_fields)), key=route.key_fields.__getitem__)
    return [_encode((place, [form[index] for index in by_name])) for form in forms]


def normalize_within_list(route: Route, keys: Sequence[Key], *, ignore_case: bool) -> list[str]:
    """Return what `normalize_for_identity` tells apart as short texts, for keys of one List and the same key fields.

    Args:
        route: A route with the List and these key fields, in this order.
        keys: The keys.
        ignore_case: Whether case and trailing blanks make no difference.

    Raises:
        UnicodeEncodeError: If a key of several fields has text that is not valid Unicode.
    """
    forms: list[Any] = _normalize(route.key_types, keys, _fold_case if ignore_case else list)
    if _TEXT.issuperset(map(type, forms)) and _JSON_MARK not in "".join(forms):
        return forms
    return [
        form if type(form) is str and form[:1] != _JSON_MARK else _JSON_MARK + _encode(form).decode() for form in forms
    ]


def _normalize(key_types: Sequence[FieldType], keys: Sequence[Key], fold: _FoldTexts) -> list[Hashable]:
    if len(key_types) == 1:
        return _normalize_values(key_types[0], keys, fold)
    if not keys:
        return []
    columns = zip(*keys, strict=True)
    forms = (_normalize_values(kind, column, fold) for kind, column in zip(key_types, columns, strict=True))
    return list(zip(*forms, strict=True))


def _normalize_values(kind: FieldType, values: Sequence[Any], fold: _FoldTexts) -> list[Hashable]:
    """Return a form of each value of one key field."""
    if kind is FieldType.DATE_TIME:
        return [_normalize_instant(value) for value in values]
    if kind is FieldType.DATE:
        return [_normalize_instant(value)[: len("YYYY-MM-DD")] for value in values]
    if _TEXT.issuperset(map(type, values)):
        return list[Any](fold(values))
    return [fold([value])[0] if isinstance(value, str) else _normalize_number(value, kind) for value in values]


def _normalize_instant(value: object) -> str:
    """Return a date-time in UTC without zeros at its end. Text that is no date-time stays as it is."""
    text = str(value)
    try:
        text = to_utc_date_time(text)
    except ValueError:
        return text
    return text.removesuffix("Z").rstrip("0").rstrip(".") if "." in text else text.removesuffix("Z")


def _normalize_number(value: Any, kind: FieldType) -> Hashable:  # noqa: ANN401 - JSON
    """Return one form for all ways to write a number. SQL Server stores true and false as 1 and 0."""
    if kind is FieldType.FLOAT:
        return float(value)
    return int(value) if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()) else value


def _fold_case(texts: Sequence[str]) -> list[str]:
    """Return texts without differences in case, and without trailing blanks."""
    joined = "\n".join(texts)
    if joined.count("\n") != len(texts) - 1:
        return [text.casefold().rstrip(" ") for text in texts]
    # Each letter is folded by itself, so all texts can be folded together, which is much faster.
    folded = joined.casefold()
    if " \n" not in folded and not folded.endswith(" "):
        return folded.split("\n")
    return [text.rstrip(" ") for text in folded.split("\n")]


def _fold_generously(texts: Sequence[str]) -> list[str]:
    """Return texts without all that some collation ignores: case, trailing blanks, accents, width, kind of kana."""
    together = "".join(texts)
    if together.isascii() and together.isprintable():
        return list(map(str.lower, map(str.rstrip, texts)))
    return [_fold_text_generously(text) for text in texts]


def _fold_text_generously(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold()).casefold()
    compared = "".join(letter for letter in decomposed if unicodedata.category(letter) not in _IGNORABLE)
    return compared.translate(_EXPANDED).translate(_HIRAGANA).rstrip()
