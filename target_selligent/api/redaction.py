"""Messages of Selligent, without the values of records that they quote. Pure: no I/O.

It is not documented whether messages quote values: see docs/selligent-api.md. A message could quote a value in many
forms: whole, cut off, in another case, only one word of it, or a number or date in another format. So each word of the
message is looked up in the values that were sent. Field names and words that the API itself uses are kept, so that the
message remains useful.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MASK = "[value]"

_MAX_TEXT = 4000
"""Characters of a message that are processed. The rest is never shown."""
_MIN_LENGTH_WITHIN_WORDS = 6
"""Values of at least this length are also masked inside longer words. A shorter value may be part of any word."""
_MIN_LENGTH_AS_TOKEN = 3
"""Values of at least this length are masked next to characters of the other kind: `4711` in `K4711`."""
_MIN_LENGTH_CUT_OFF = 4
"""A quoted text of at least this length is masked if a value starts with it: the message may have cut the value off."""
_WORD = re.compile(r"[^\W_]+")
_OPENING, _CLOSING = "'\"`\u00ab\u201c\u2018", "'\"`\u00bb\u201d\u2019"
_QUOTED = re.compile(rf"([{_OPENING}])([^{_OPENING}{_CLOSING}]{{1,1000}}?)(?:\.\.\.|\u2026)?([{_CLOSING}])")
_EMAIL = re.compile(r"[^\s'\"<>(),;:]+@[^\s'\"<>(),;:]+")
_NUMBER = re.compile(r"(?<![\w.,])[-+]?\d+(?:[.,]\d+)*(?![\w])")
_DATE = re.compile(
    r"\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
    r"(?:[T ]{1,2}\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?(?:Z|UTC|[AP]M|[+-]\d\d:?\d\d))?)?",
    re.IGNORECASE,
)
_MASKS = re.compile(rf"{re.escape(MASK)}(?:[^\w\[\]'\"]{{0,2}}{re.escape(MASK)})+")
_API_WORDS = """
a able accept accepted access account after again all allow allowed already also an and another any api are
argument array as at attempt authorized bad be because been before being between body boolean both bulk business
but by call can cannot case character characters check code codes collection column columns condition
configuration constraint contain contains content convert converted correct could count cover covered covering
covers create created currently data date datetime decimal default defined definition denied did different do
does double down duplicate duplicated duplicates during each element empty end entity err error errors exceed
exceeded exceeds exist existing exists expected expects expired fail failed failure false field fieldname fields
file first float for format found from got granted greater has have header id identifier if import in inactive
incorrect index indexes indices information inner input insert inserted integer internal into invalid is it item
items its json key keyfields keys larger last later least length less limit line list lists load loaded locked
long longer longtext lookup many match matches max maximum maxlength may message method min minimum missing mode
more most must name named names no non not null number numeric object occurred of off on once one only operation
option options or organization other out outside over parameter parameters parse part password path permission
please position possible present primary problem process processed processing property provided query quota
range reached read reason received record records refused rejected request requested required requires resource
response result retry right row rows same schema segment segments server service set shorter should size some
source static status stop stopped string successful support supported sync system table target temporarily text
than that the their then there these this time timeout timestamp to token too total true try type types unable
unauthorized unavailable unexpected unique unknown unsupported update updated url use used user using valid
validation value values varchar was were when where which while will with within without write wrong you your
"""
_OWN_WORDS = frozenset(_API_WORDS.split()).union(*(_WORD.findall(status.phrase.casefold()) for status in HTTPStatus))
"""Words in messages of the API and its platform, in lower case."""


def redact(
    text: str, values: Callable[[], Iterable[object]] | None, *, names: Iterable[str] = (), secrets: Iterable[str] = ()
) -> str:
    """Return a message of Selligent on one line, with each quoted value replaced by `[value]`.

    Args:
        text: The message.
        values: Returns the values that were sent and those that they were converted from, as objects or as JSON bytes.
            It is called only if the message could quote a value. None if these values are no longer available: then
            every word is masked that is neither a name nor a word of the API.
        names: Names that are kept: fields, Lists, Segments, parameters.
        secrets: API key and secret. They are always masked.
    """
    text = " ".join(text[:_MAX_TEXT].split())
    for secret in secrets:
        text = _mask_secret(text, secret)
    text = _EMAIL.sub(MASK, text)
    known = _OWN_WORDS.union(*(_WORD.findall(name.casefold()) for name in names)) | {"value"}
    if all(word in known for word in _WORD.findall(text.casefold())) and not _QUOTED.search(text):
        return text
    if values is None:
        text = _DATE.sub(MASK, text)
        return _MASKS.sub(MASK, _WORD.sub(lambda word: word[0] if word[0].casefold() in known else MASK, text))
    scalars = set(_iterate_scalars(values()))
    return _MASKS.sub(MASK, _mask_values(text, scalars, known, {name.casefold() for name in names}))


def _mask_secret(text: str, secret: str) -> str:
    """Mask a secret, as it is and percent-encoded."""
    for form in {secret, quote(secret, safe="")} - {""}:
        text = _token_pattern(form).sub(MASK, text)
    return text


def _mask_values(text: str, scalars: set[str], known: frozenset[str] | set[str], names: set[str]) -> str:
    """Mask every quotation of a value.

    Args:
        text: The message.
        scalars: All values, as text.
        known: Words that are never masked, in lower case.
        names: Names that are never masked where they stand in quotes, in lower case.

    Returns:
        The masked message.
    """
    corpus = "\n".join(["", *scalars, ""]).casefold()

    def mask_quoted(match: re.Match[str]) -> str:
        inner = match[2].casefold()
        is_value = f"\n{inner}\n" in corpus or (len(inner) >= _MIN_LENGTH_CUT_OFF and f"\n{inner}" in corpus)
        return f"{match[1]}{MASK}{match[3]}" if is_value and inner not in names else match[0]

    text = _QUOTED.sub(mask_quoted, text)
    folded = text.casefold()
    for value in sorted(scalars, key=len, reverse=True):
        if len(value) >= _MIN_LENGTH_AS_TOKEN and value.casefold() in folded and value.casefold() not in known:
            is_short = len(value) < _MIN_LENGTH_WITHIN_WORDS
            pattern = _token_pattern(value) if is_short else re.compile(re.escape(value), re.IGNORECASE)
            text = pattern.sub(MASK, text)
    if re.search(r"\n\d{4}-\d\d-\d\d", corpus):
        text = _DATE.sub(MASK, text)
    numbers = _parse_numbers(scalars) if _NUMBER.search(text) else set()

    def mask_number(match: re.Match[str]) -> str:
        return MASK if len(match[0]) > 1 and _parse_float(match[0]) in numbers else match[0]

    text = _NUMBER.sub(mask_number, text)

    def mask_word(match: re.Match[str]) -> str:
        word = match[0].casefold()
        if word in known or (word.isdecimal() and len(word) == 1):
            return match[0]
        return MASK if word in corpus and _token_pattern(word).search(corpus) else match[0]

    return _WORD.sub(mask_word, text)


def _token_pattern(token: str) -> re.Pattern[str]:
    """Return a pattern that finds a text where it is not part of a longer word or number."""
    before = r"(?<!\d)" if token[0].isdecimal() else r"(?<![^\W\d_])" if token[0].isalpha() else ""
    after = r"(?!\d)" if token[-1].isdecimal() else r"(?![^\W\d_])" if token[-1].isalpha() else ""
    return re.compile(before + re.escape(token) + after, re.IGNORECASE)


def _iterate_scalars(values: Iterable[object]) -> Iterator[str]:
    """Yield every scalar as text, also those in objects, arrays, and texts that hold JSON. Skip null and booleans."""
    pending: list[Any] = list(values)
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += item.values()
        elif isinstance(item, (list, tuple)):
            pending += item
        elif isinstance(item, bytes):
            pending.append(msgspec.json.decode(item))
        elif isinstance(item, str):
            if item[:1] in {"{", "["}:
                try:
                    pending.append(msgspec.json.decode(item))
                except (msgspec.MsgspecError, RecursionError, UnicodeError):
                    yield item
            elif item.strip():
                yield " ".join(item.split())
        elif item is not None and not isinstance(item, bool):
            yield str(item)


def _parse_numbers(scalars: Iterable[str]) -> set[float]:
    return {number for text in scalars if text[:1] in "-+.0123456789" and (number := _parse_float(text)) is not None}


def _parse_float(text: str) -> float | None:
    """Return a number with a decimal point or a decimal comma; None if the text is not a number."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
