"""The values of static fields, and rows with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.errors import DestinationError, RejectedRecord
from target_selligent.records.conversions import FieldType
from target_selligent.records.field_definitions import FieldDefinition
from target_selligent.records.fields import derive_stream_fields
from target_selligent.records.static_values import StaticValues
from target_selligent.settings.templates import parse_template

if TYPE_CHECKING:
    from target_selligent.records.row_types import Row

RUN = {"stream": "people", "run_id": "r1", "run_started_at": "2026-05-01T10:15:00.500Z"}
TEXT = FieldDefinition("TEXT", FieldType.TEXT, 20)


def static_values(
    *texts: tuple[str, FieldDefinition], segment: str | None = None, may_subscribe: bool = False
) -> StaticValues:
    """Return the values of fields that the List has, each with its text."""
    templates = {field.name: parse_template(text) for text, field in texts}
    schema = {"properties": {"key": {"type": "string"}}}
    derived = derive_stream_fields("people", schema, ["key"], static_fields=templates).static
    static = [one.map_to_existing_field(field) for one, (_, field) in zip(derived, texts, strict=True)]
    values = RUN if segment is None else {**RUN, "segment": segment}
    return StaticValues("people", static, values, may_subscribe=may_subscribe)


@pytest.mark.parametrize(
    ("text", "field", "wanted"),
    [
        ("crm/{stream}", TEXT, "crm/people"),
        ("", TEXT, ""),
        ("12", FieldDefinition("N", FieldType.LONG), 12),
        ("1.5", FieldDefinition("N", FieldType.FLOAT), 1.5),
        ("TRUE", FieldDefinition("B", FieldType.BOOLEAN), True),
        ("2026-05-01", FieldDefinition("D", FieldType.DATE), "2026-05-01"),
        ("{run_started_at}", FieldDefinition("AT", FieldType.DATE_TIME), "2026-05-01T10:15:00.500Z"),
        ("{run_started_at}", FieldDefinition("AT", FieldType.TEXT, 30), "2026-05-01T10:15:00.500Z"),
        ("1", FieldDefinition("OPTOUT", FieldType.NUMERIC), 1),
    ],
    ids=str,
)
def test_constants(text: str, field: FieldDefinition, wanted: Any) -> None:
    """Each is converted to the type that the field has in the List, and stands at the end of every row."""
    values = static_values((text, field))
    assert values.field_names == (field.name,)
    rows = values.add_to([("a", 1), ("b", 2)], ())
    assert rows == [("a", 1, wanted), ("b", 2, wanted)]
    assert type(rows[0][-1]) is type(wanted)


def test_no_static_fields() -> None:
    """The rows stay as they are."""
    rows: list[Row] = [("a",)]
    assert static_values().add_to(rows, ()) is rows


def test_segments() -> None:
    """Several are joined by commas. Without one the whole text is null; fields that name no Segment keep theirs."""
    values = static_values(("in {segment}", TEXT), ("{run_id}", FieldDefinition("RUN", FieldType.TEXT, 9)))
    rows = values.add_to([("a",), ("b",), ("c",), ("d",)], ["vip", ("x", "y"), (), "vip"])
    assert rows == [("a", "in vip", "r1"), ("b", "in x,y", "r1"), ("c", None, "r1"), ("d", "in vip", "r1")]


def test_the_one_segment_of_a_stream_is_a_constant() -> None:
    """It is not read from the records."""
    assert static_values(("{segment}", TEXT), segment="vip").add_to([("a",)], ()) == [("a", "vip")]


def test_a_segment_that_does_not_fit_rejects_its_record() -> None:
    """Its field is named, its value is not."""
    values = static_values(("{segment}", FieldDefinition("N", FieldType.LONG)))
    assert values.add_to([("a",)], ["7"]) == [("a", 7)]
    with pytest.raises(RejectedRecord) as caught:
        values.add_to([("a",), ("b",)], ["7", "vip"])
    assert caught.value.field == "N"
    assert "vip" not in caught.value.reason


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("crm", FieldDefinition("N", FieldType.LONG), r"N \(Long\): "),
        ("soon", FieldDefinition("AT", FieldType.DATE_TIME), r"AT \(DateTime\): not an ISO 8601"),
        ("x" * 21, TEXT, r"TEXT \(Text\(20\)\): the text is longer than 20"),
        ("0", FieldDefinition("OPTOUT", FieldType.NUMERIC), "OPTOUT 0 would subscribe every person"),
        ("", FieldDefinition("OptOut", FieldType.TEXT, 5), "would subscribe every person"),
        ("false", FieldDefinition("OPTOUT", FieldType.BOOLEAN), "would subscribe every person"),
        ("{segment}", FieldDefinition("OPTOUT", FieldType.NUMERIC), r"OPTOUT must not depend on \{segment\}"),
    ],
    ids=str,
)
def test_texts_that_cannot_be_sent(text: str, field: FieldDefinition, words: str) -> None:
    """They end the run before the first record, and nobody is subscribed again."""
    with pytest.raises(DestinationError, match=f"stream people .* static_fields: .*{words}"):
        static_values((text, field))


def test_new_people_may_be_subscribed() -> None:
    """Where no record is updated, nobody who has opted out is touched."""
    values = static_values(("0", FieldDefinition("OPTOUT", FieldType.NUMERIC)), may_subscribe=True)
    assert values.add_to([("a",)], ()) == [("a", 0)]
