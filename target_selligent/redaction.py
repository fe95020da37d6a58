"""What Selligent says, without the values that it quotes. Pure; no I/O.

A message may quote what was sent in many forms: whole, cut off, in other case, a word of it, a number or date that is
written in another way. So the words of the message are looked up in what was sent. Names of fields and the words that
the API itself uses stay, so that the message is still of use.
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
"""Characters of a message that are looked at; more is never shown."""
_SUBSTRING = 6
"""From this length on, a value is looked for within words too: a shorter one may be part of any word."""
_WHOLE = 3
"""From this length on, a value is looked for beside letters or digits of the other kind, as in `K4711`."""
_CUT_OFF = 4
"""From this length on, the beginning of a value counts as the value where it stands in quotes."""
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
"""What the API and its platform say by themselves, in lower case."""


def redact(
    text: str, values: Callable[[], Iterable[object]] | None, *, names: Iterable[str] = (), secrets: Iterable[str] = ()
) -> str:
    """Return a message of Selligent's on one line, with each value that it quotes blotted out.

    Args:
        text: The message.
        values: Returns what was sent, and what it was made from, as values or as JSON in bytes; only called if the
            message could quote some of it. None if it is not at hand: then whatever is no name and no word of the API
            goes.
        names: Names that the message may hold: fields, Lists, Segments, parameters.
        secrets: Key and secret.
    """
    text = " ".join(text[:_MAX_TEXT].split())
    for secret in secrets:
        text = _without_secret(text, secret)
    text = _EMAIL.sub(MASK, text)
    known = _OWN_WORDS.union(*(_WORD.findall(name.casefold()) for name in names)) | {"value"}
    if all(word in known for word in _WORD.findall(text.casefold())) and not _QUOTED.search(text):
        return text
    if values is None:
        text = _DATE.sub(MASK, text)
        return _MASKS.sub(MASK, _WORD.sub(lambda word: word[0] if word[0].casefold() in known else MASK, text))
    scalars = set(_texts(values()))
    return _MASKS.sub(MASK, _without(text, scalars, known, {name.casefold() for name in names}))


def _without_secret(text: str, secret: str) -> str:
    for form in {secret, quote(secret, safe="")} - {""}:
        text = _whole(form).sub(MASK, text)
    return text


def _without(text: str, scalars: set[str], known: frozenset[str] | set[str], names: set[str]) -> str:
    corpus = "\n".join(["", *scalars, ""]).casefold()

    def quoted(match: re.Match[str]) -> str:
        inner = match[2].casefold()
        sent = f"\n{inner}\n" in corpus or (len(inner) >= _CUT_OFF and f"\n{inner}" in corpus)
        return f"{match[1]}{MASK}{match[3]}" if sent and inner not in names else match[0]

    text = _QUOTED.sub(quoted, text)
    folded = text.casefold()
    for value in sorted(scalars, key=len, reverse=True):
        if len(value) >= _WHOLE and value.casefold() in folded and value.casefold() not in known:
            pattern = _whole(value) if len(value) < _SUBSTRING else re.compile(re.escape(value), re.IGNORECASE)
            text = pattern.sub(MASK, text)
    if re.search(r"\n\d{4}-\d\d-\d\d", corpus):
        text = _DATE.sub(MASK, text)
    numbers = _numbers(scalars) if _NUMBER.search(text) else set()
    text = _NUMBER.sub(lambda match: MASK if len(match[0]) > 1 and _number(match[0]) in numbers else match[0], text)

    def word(match: re.Match[str]) -> str:
        shown = match[0].casefold()
        if shown in known or (shown.isdecimal() and len(shown) == 1):
            return match[0]
        return MASK if shown in corpus and _whole(shown).search(corpus) else match[0]

    return _WORD.sub(word, text)


def _whole(word: str) -> re.Pattern[str]:
    """Return a pattern of a text that is no part of a longer word or number."""
    before = r"(?<!\d)" if word[0].isdecimal() else r"(?<![^\W\d_])" if word[0].isalpha() else ""
    after = r"(?!\d)" if word[-1].isdecimal() else r"(?![^\W\d_])" if word[-1].isalpha() else ""
    return re.compile(before + re.escape(word) + after, re.IGNORECASE)


def _texts(values: Iterable[object]) -> Iterator[str]:
    """Yield every scalar as text, also those within objects, arrays and texts that are JSON; no words of the API."""
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


def _numbers(scalars: Iterable[str]) -> set[float]:
    return {number for text in scalars if text[:1] in "-+.0123456789" and (number := _number(text)) is not None}


def _number(text: str) -> float | None:
    """Return a number, however its decimals are set apart."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
