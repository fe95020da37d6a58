"""The settings of one stream: its own ones and those of the run, and which contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.errors import SettingsError
from target_selligent.settings.field_types import NamedType
from target_selligent.settings.stream_settings import parse_stream_values
from target_selligent.settings.values import Limit
from tests.unit.config import settings_with


def problems_with(**changes: Any) -> list[str]:
    """Return the problems of a config with some changes."""
    with pytest.raises(SettingsError) as caught:
        settings_with(**changes)
    return caught.value.problems


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("field_mapping", {"a": 5}, "column a"),
        ("field_mapping", {"a": " "}, "null"),
        ("segment_column", " ", "must not be blank"),
        ("streams", {"s": {"base_url": "x"}}, "base_url of stream s"),
        ("streams", {"s": {"key_fields": 5}}, "stream s"),
        ("streams", {"s": {"list_api_name": "a\tb"}}, "stream s"),
        ("segment", " ", "must not be blank"),
        ("action_column", " ", "must not be blank"),
        ("action_values", {"x": "delete"}, "'x' must be add or remove"),
        ("max_removals", "101%", "a number such as 100 or a share"),
        ("streams", {"s": {"max_removals": "few"}}, "stream s"),
        ("field_types", {"A": "Int"}, "field A: Int is not one of the types"),
        ("streams", {"s": {"field_types": {"A": "Text"}}}, "needs a length, such as Text(50) (stream s)"),
        ("field_name_case", "lower", "upper, as_is"),
        ("static_fields", {"A": "{x}"}, "field A: {x} is not one of"),
        ("streams", {"s": {"static_fields": {"A": "{"}}}, "stands alone: write it twice (stream s)"),
    ],
    ids=str,
)
def test_wrong_values(setting: str, value: object, words: str) -> None:
    """A value that cannot be used is named with its setting, and with its stream if it is one of its own."""
    (problem,) = problems_with(**{setting: value})
    assert setting in problem
    assert words in problem


def test_settings_of_a_stream() -> None:
    """A stream's own settings win; its field mapping is added to that of the run; null takes the Segments away."""
    streams = {"s": {"list_api_name": "own", "key_fields": "A,B", "segment_column": None, "field_mapping": {"b": "C"}}}
    settings = settings_with(segment_column="seg", field_mapping={"a": "A", "b": "B"}, streams=streams)
    own, other = settings.for_stream("s"), settings.for_stream("t")
    assert (own.list_api_name, own.key_fields, own.segment_column) == ("own", ("A", "B"), None)
    assert own.field_mapping == {"a": "A", "b": "C"}
    assert (other.list_api_name, other.key_fields, other.segment_column) == ("contacts", (), "seg")


def test_values_by_field_of_a_stream() -> None:
    """A stream's own are added to those of the run. The name of a field is the same in any case; null takes it away."""
    run = {"A": "Long", "B": "Float", "C": "Date"}
    settings = settings_with(field_types=run, streams={"s": {"field_types": {"a": "Text(5)", "b": None, "D": "Json"}}})
    types = settings.for_stream("s").field_types
    assert types == {
        "C": NamedType("Date"),
        "a": NamedType("Text", 5),
        "D": NamedType("Json"),
    }
    assert list(settings.for_stream("t").field_types) == ["A", "B", "C"]


def test_one_way_to_name_segments_replaces_the_other() -> None:
    """A stream with a `segment` does not read the run's `segment_column`, and the other way round."""
    own = settings_with(segment_column="seg", streams={"s": {"segment": "vip"}}).for_stream("s")
    assert (own.segment, own.segment_column) == ("vip", None)
    own = settings_with(segment="vip", streams={"s": {"segment_column": "seg"}}).for_stream("s")
    assert (own.segment, own.segment_column) == (None, "seg")


@pytest.mark.parametrize("own", [{"key_fields": ""}, {"key_fields": []}], ids=str)
def test_empty_key_fields_of_a_stream_are_those_of_the_run(own: dict[str, Any]) -> None:
    """A stream cannot do without the key fields of the run."""
    assert settings_with(key_fields="A", streams={"s": own}).for_stream("s").key_fields == ("A",)


def test_null_is_no_value_of_a_stream() -> None:
    """Only Segments can be left out by null."""
    (problem,) = problems_with(streams={"s": {"list_api_name": None}})
    assert "list_api_name must be text (stream s)" in problem


def test_names_and_limits_are_parsed() -> None:
    """Other values stay as they are."""
    values = {"key_fields": "A,B", "mirrored_segments": None, "max_removals": 5, "segment": "a,b"}
    assert parse_stream_values(values) == {
        "key_fields": ("A", "B"),
        "mirrored_segments": (),
        "max_removals": Limit(count=5),
        "segment": "a,b",
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"segment": "s", "segment_column": "c"}, "segment and segment_column contradict"),
        ({"segment_data_import_option": "mirror"}, "mirror needs Segments"),
        ({"segment_data_import_option": "remove"}, "remove needs Segments"),
        ({"action_column": "a"}, "action_column needs Segments"),
        ({"action_column": "a", "segment": "s", "segment_data_import_option": "mirror"}, "use append or replace"),
        ({"mirrored_segments": "s", "segment": "s"}, "mirrored_segments needs"),
        ({"deleted_records": "leave_segments"}, "leave_segments needs Segments"),
        ({"removal_fields": {"A": 1}}, "removal_fields needs"),
        ({"load_list": False}, "load_list false needs Segments"),
        (
            {
                "load_list": False,
                "segment": "s",
                "records_without_segment": "list_only",
                "deleted_records": "delete",
                "removal_fields": {"A": 1},
                "relation": {"list": "x", "scope": "S", "field": "F"},
            },
            "contradicts records_without_segment list_only, deleted_records delete, removal_fields, relation: the List",
        ),
        ({"static_fields": {"A": "x"}, "key_fields": "K,a"}, "static_fields and key_fields both name a"),
        ({"static_fields": {"A": "x"}, "alternate_key_fields": "A"}, "alternate_key_fields both name A"),
        ({"static_fields": {"A": "{segment}"}}, "{segment} needs Segments"),
    ],
    ids=str,
)
def test_contradictions(changes: dict[str, Any], words: str) -> None:
    """Settings that exclude each other are a problem, for the run and for a stream that has them as its own."""
    (problem,) = problems_with(**changes)
    assert words in problem
    (problem,) = problems_with(streams={"s": changes})
    assert words in problem
    assert "(stream s)" in problem


@pytest.mark.parametrize(
    ("changes", "may_remove"),
    [
        ({}, False),
        ({"segment": "s", "segment_data_import_option": "replace"}, False),
        ({"segment": "s", "segment_data_import_option": "mirror"}, True),
        ({"segment": "s", "segment_data_import_option": "remove"}, True),
        ({"segment": "s", "action_column": "a"}, True),
        ({"deleted_records": "delete"}, True),
    ],
    ids=str,
)
def test_which_streams_may_remove(changes: dict[str, Any], may_remove: bool) -> None:  # noqa: FBT001 - a case
    """Members or records leave only by a setting that says so."""
    assert settings_with(**changes).may_remove is may_remove


def test_alternate_keys_of_one_list() -> None:
    """What needs one key for each person cannot be used by any stream of a List with alternate keys."""
    streams = {"a": {"alternate_key_fields": "MAIL"}, "b": {"deleted_records": "delete"}}
    (problem,) = problems_with(streams=streams)
    assert "alternate_key_fields and deleted_records contradict each other (List contacts)" in problem
    elsewhere = {**streams, "b": {"deleted_records": "delete", "list_api_name": "other"}}
    assert settings_with(streams=elsewhere).for_stream("a").alternate_key_fields == ("MAIL",)
