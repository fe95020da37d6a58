"""Stream maps: a record on which a map fails is rejected; a deleted record gets the names and the key of the maps."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.mapper import PluginMapper

from target_selligent.stream_maps import map_deleted_record, reject_failing_records

if TYPE_CHECKING:
    from singer_sdk.mapper import StreamMap

    from target_selligent.errors import RejectedRecord

SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
DELETED = {"id": 1, "_sdc_deleted_at": "2026-01-01T00:00:00Z"}


def maps_of(**definition: Any) -> list[StreamMap]:
    """Return the maps of a stream `people`, by what `stream_maps` says of it."""
    mapper = PluginMapper({"stream_maps": {"people": definition}}, logging.getLogger(__name__))
    mapper.register_raw_stream_schema("people", SCHEMA, ["id"])
    return mapper.stream_maps["people"]


def transform(record: dict[str, Any], **definition: Any) -> tuple[list[Any], list[tuple[str, RejectedRecord]]]:
    """Return what the maps make of a record, and the rejections with the names of their streams."""
    maps, rejected = maps_of(**definition), []
    reject_failing_records(maps, lambda stream, error: rejected.append((stream, error)))
    return [one.transform(dict(record)) for one in maps], rejected


def test_a_record_on_which_an_expression_fails_is_rejected() -> None:
    """The name that the map gives the stream is known, and nothing comes out of the map."""
    mapped, ((stream, error),) = transform({"id": 1, "name": "x"}, __alias__="persons", ratio="1 / (id - id)")
    assert mapped == [None]
    assert (stream, error.code) == ("persons", "stream_map")


def test_a_rejection_repeats_no_value() -> None:
    """The text of a Python exception can quote a value, so only its class is named."""
    _, ((_, error),) = transform({"id": 1, "name": "hidden"}, number="int(name)")
    assert "hidden" not in str(error)


def test_a_good_record_is_mapped() -> None:
    """Nothing is rejected."""
    mapped, rejected = transform({"id": 1, "name": "x"}, label="name + '!'")
    assert [one["label"] for one in mapped] == ["x!"]
    assert rejected == []


def test_a_deleted_record_is_not_rejected() -> None:
    """The error is raised, so that the caller can count the record as deleted."""
    with pytest.raises(Exception, match=r"."):
        transform(DELETED, ratio="1 / (id - id)")


def test_a_deleted_record_has_the_name_that_its_map_gives() -> None:
    """The maps are not used if the key is not needed: the record is unchanged."""
    found = list(map_deleted_record(DELETED, maps_of(__alias__="persons", id="id + 1"), with_keys=False))
    assert found == [("persons", DELETED)]


def test_a_deleted_record_has_the_key_that_its_map_creates() -> None:
    """The record that came is unchanged."""
    record = dict(DELETED)
    ((_, mapped),) = map_deleted_record(record, maps_of(id="id + 1"), with_keys=True)
    assert mapped["id"] == 2
    assert record == DELETED


@pytest.mark.parametrize("definition", [{"ratio": "1 / (id - id)"}, {"__filter__": "id > 1"}], ids=str)
def test_a_deleted_record_that_no_map_can_change_is_used_as_it_came(definition: dict[str, Any]) -> None:
    """A map may fail on it or filter it out."""
    ((_, mapped),) = map_deleted_record(DELETED, maps_of(**definition), with_keys=True)
    assert mapped == DELETED
