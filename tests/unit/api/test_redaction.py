"""What Selligent says may quote anything that was sent, in any form: none of it is left, and the rest can be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from target_selligent.api.redaction import _OWN_WORDS, _WORD, redact

NAMES = ["FIRST_NAME", "MAIL", "contacts", "keyFields"]
ROW = ["alice.private@example.com", "Wilhelmina Mustermann", 4711, 1234.5, "2019-12-31T22:00:00Z", "Al", True, 1, "a"]
NESTED = ['{"street": {"name": "Hauptallee"}, "tags": ["vip-customer"]}']


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Value 'alice.private@example.com' is too long", "Value '[value]' is too long"),
        ("Value ALICE.PRIVATE@EXAMPLE.COM is too long", "Value [value] is too long"),
        ("Unknown person Mustermann in record 3", "Unknown [value] in record 3"),
        ('Value "Wilhelmina Muster..." exceeds 10', 'Value "[value]" exceeds 10'),
        ("4711 is no Date", "[value] is no Date"),
        ("key K4711x is unknown", "key K[value]x is unknown"),
        ("1234,50 is out of range", "[value] is out of range"),
        ("12/31/2019 10:00:00 PM is not valid", "[value] is not valid"),
        ("Al is not valid", "[value] is not valid"),
        ("All fields are valid", "All fields are valid"),
        ("street Hauptallee, tag vip-customer", "street [value], tag [value]"),
        ("expected true in FIRST_NAME of row 1", "expected true in FIRST_NAME of row 1"),
        ("Parameter keyFields lacks MAIL", "Parameter keyFields lacks MAIL"),
        ("demo-secret of SECRET-KEY", "[value] of [value]"),
        ("call bob@elsewhere.example", "call [value]"),
        ("two\nlines\t of it", "two lines of it"),
    ],
)
def test_what_is_quoted_is_blotted_out(message: str, shown: str) -> None:
    """Values go in whatever form; names, the API's own words and what was not sent stay."""
    values: list[Any] = [ROW, ["person"], NESTED]
    assert redact(message, lambda: values, names=NAMES, secrets=["demo-secret", "secret-key"]) == shown


@given(st.text(min_size=6), st.text(max_size=20), st.text(max_size=20))
def test_no_value_is_left(value: str, before: str, after: str) -> None:
    """Wherever a value stands in the message, it is gone, unless it has no words but those that the API itself uses."""
    value = " ".join(value.split())
    assume(not all(word in _OWN_WORDS for word in _WORD.findall(value.casefold())))
    shown = redact(f"{before}{value}{after}", lambda: [[value]])
    assert len(value) < 6 or value.casefold() not in shown.casefold() or value in f"{before}[value]{after}"


def test_what_was_sent_is_not_looked_at_without_need() -> None:
    """A message of nothing but the API's words costs nothing, however much was sent."""

    def never() -> list[Any]:
        raise AssertionError

    assert redact("Request failed", never) == "Request failed"
    assert redact("The field MAIL is not valid", never, names=NAMES) == "The field MAIL is not valid"


def test_where_nothing_is_known_only_names_and_the_apis_words_stay() -> None:
    """A message about what was sent before, which is no longer at hand, loses every other word."""
    message = "Record of Wilhelmina (4711, 1/2/2003) is not valid in MAIL: demo-secret"
    shown = redact(message, None, names=NAMES, secrets=["demo-secret"])
    assert shown == "Record of [value]) is not valid in MAIL: [value]"
