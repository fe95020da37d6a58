"""A rejection: what is stored of it, what it is counted by, and that its texts contain no values."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from target_selligent.errors import RejectedRecord
from target_selligent.records.conversions import FieldType
from target_selligent.rejects.rejection import Rejection
from tests.unit.rows import ROUTE

LINE = b'{"type": "RECORD", "stream": "people", "record": {"key": 5, "name": "Ann"}}'


def hide(text: str) -> str:
    """Return a text without the name in the record."""
    return text.replace("Ann", "…")


def test_a_record_keeps_its_line_and_its_key() -> None:
    """The line is stored as it came, and two keys that any tenant may compare as equal are one key."""
    error = RejectedRecord("too long", field="NAME", code="too_long")
    route = replace(ROUTE, key_types=(FieldType.TEXT,))
    first, second = (Rejection.from_line(error, route, 7, LINE, key) for key in ("Ann", "ANN "))
    assert first.line == LINE
    assert (first.record_number, first.list_api_name, first.origin) == (7, "contacts", ROUTE.origin)
    assert first.key == second.key


def test_a_member_keeps_its_key_only() -> None:
    """The line of a Segment member has no other columns, and its key is not compared with newer records."""
    rejection = Rejection.from_member(RejectedRecord("refused", code="gone"), ROUTE, 7, (5,), "vip")
    message = json.loads(rejection.line)
    assert (message["record"], message["member_of"]) == ({"key": 5}, "vip")
    assert (rejection.key, rejection.segment) == (None, "vip")


def test_the_message_of_selligent_is_redacted() -> None:
    """Values that Selligent quotes are removed from the reason and from the field that it names."""
    error = RejectedRecord("refused", field="field Ann", code="Invalid")
    rejection = Rejection.from_line(error, ROUTE, 7, LINE, 5, vendor_message="Ann is too long", redact=hide)
    assert rejection.redacted_reason() == "refused: … is too long"
    assert rejection.kind.field == "field …"
    assert "Ann" not in str(rejection)


def test_a_message_is_not_shown_if_it_cannot_be_redacted() -> None:
    """Without a way to remove values, the log gets no message of Selligent."""
    rejection = Rejection.from_line(RejectedRecord("refused", code="x"), ROUTE, 7, LINE, 5, vendor_message="Ann")
    assert rejection.redacted_reason() == "refused"


@pytest.mark.parametrize(
    ("code", "counted_as"), [("DataTooLong", "DataTooLong"), ("Ann Lee", "Unknown"), ("x" * 61, "Unknown")]
)
def test_a_code_that_is_not_a_word_is_not_counted_by(code: str, counted_as: str) -> None:
    """Selligent names the code, so it may contain a value: only a short word is used."""
    assert Rejection.from_line(RejectedRecord("refused", code=code), ROUTE, 1, LINE, 5).kind.code == counted_as


def test_its_text_names_the_record_and_the_field() -> None:
    """The log names the number, the stream and the field; of a Segment member, that it is one."""
    error = RejectedRecord("too long", field="NAME", code="too_long")
    assert str(Rejection.from_line(error, ROUTE, 7, LINE, 5)) == "record 7 of stream , field NAME: too long"
    member = Rejection.from_member(RejectedRecord("refused", code="gone"), ROUTE, 7, (5,), "vip")
    assert str(member) == "record 7 of stream , as a Segment member: refused"
