"""Which Segments records join or leave, by the settings of their stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from target_selligent.errors import RejectedRecord
from target_selligent.loading.audience import Audience
from target_selligent.records.fields import derive_stream_fields
from target_selligent.records.record_type import RecordType
from tests.unit.config import settings_with

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = {name: {"type": ["string", "null"]} for name in ("key", "seg", "action")}


class Stream:
    """A stream with a Segment column and an action column."""

    def __init__(self, *, required: bool = False, **settings: Any) -> None:
        schema = {"type": "object", "properties": COLUMNS}
        fields = derive_stream_fields("people", schema, ["key"])
        self._type = RecordType("people", schema, fields, validate=True)
        self._audience = Audience(settings_with(**settings), required=required)

    def segments(self, *records: dict[str, Any]) -> list[Any]:
        """Return the Segments of records."""
        return list(self._read(records)[0])

    def actions(self, *records: dict[str, Any]) -> list[bool]:
        """Return which records leave."""
        return list(self._read(records)[1])

    def _read(self, records: tuple[dict[str, Any], ...]) -> tuple[Sequence[Any], Sequence[bool]]:
        decoded = self._decode(records)
        return self._audience.read(lambda name: list(map(self._type.create_getter(name), decoded)), len(decoded))

    def _decode(self, records: tuple[dict[str, Any], ...]) -> list[Any]:
        assert self._type.message_type is not None
        decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self._type.message_type)
        return [
            decoder.decode(
                msgspec.json.encode({"type": "RECORD", "stream": "people", "record": {"key": "k", **one}})
            ).record
            for one in records
        ]


def test_without_segments_nothing_is_read() -> None:
    """The Segments are not even empty for each record."""
    assert Stream().segments({"seg": "a"}) == []


def test_the_segment_column_names_them() -> None:
    """A record without a value names none."""
    assert Stream(segment_column="seg").segments({"seg": "a"}, {"seg": None}, {}) == ["a", (), ()]


def test_the_segment_of_the_settings_is_for_all_records() -> None:
    """Whatever the records contain."""
    assert Stream(segment="vip").segments({"seg": "a"}, {}) == ["vip", "vip"]


def test_a_record_must_name_a_segment_if_it_is_required() -> None:
    """The whole chunk is refused; the caller finds the record."""
    with pytest.raises(RejectedRecord, match="names no Segment"):
        Stream(segment_column="seg", required=True).segments({"seg": "a"}, {})


@pytest.mark.parametrize("settings", [{"segment": "new vip"}, {"segment_column": "seg"}], ids=str)
def test_names_are_written_in_the_style_of_the_settings(settings: dict[str, Any]) -> None:
    """Blanks become underscores, in the settings and in records."""
    assert Stream(**settings, segment_name_style="underscore").segments({"seg": "new vip"}) == ["new_vip"]
    assert Stream(**settings).segments({"seg": "new vip"}) == ["new vip"]


def test_without_an_action_column_nobody_leaves() -> None:
    """Nothing is read."""
    assert Stream(segment_column="seg").actions({"action": "remove"}) == []


def test_all_records_of_a_stream_that_removes_leave() -> None:
    """The option decides for all of them."""
    stream = Stream(segment_column="seg", segment_data_import_option="remove")
    assert stream.actions({"action": "add"}, {}) == [True, True]


def test_the_action_column_decides_for_each_record() -> None:
    """By the meanings that the settings give its values."""
    stream = Stream(segment="vip", action_column="action", action_values={"in": "add", "out": "remove"})
    assert stream.actions({"action": "out"}, {"action": "in"}) == [True, False]


def test_an_action_without_a_meaning_is_rejected() -> None:
    """It is not taken for one of the others."""
    stream = Stream(segment="vip", action_column="action", action_values={"in": "add"})
    with pytest.raises(RejectedRecord) as caught:
        stream.actions({"action": "out"})
    assert caught.value.field == "action"
