"""The rights that a config needs."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.checks.rights import find_needed_rights
from tests.unit.config import settings_with

ALWAYS = {"List details", "List fields"}
LOADS = {*ALWAYS, "List data load"}
SEGMENTS = {"static Segment details", "static Segment data load"}


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, LOADS),
        ({"create_list_if_not_exists": True}, {*LOADS, "create List", "create List fields"}),
        ({"create_fields_if_not_exist": True}, {*LOADS, "create List fields"}),
        ({"create_segment_if_not_exists": True}, LOADS),
        ({"segment": "a"}, LOADS | SEGMENTS),
        ({"segment": "a", "create_segment_if_not_exists": True}, {*LOADS, *SEGMENTS, "create static Segment"}),
        ({"segment": "a", "segment_data_import_option": "replace"}, {*LOADS, *SEGMENTS, "static Segment clear"}),
        (
            {"segment": "a", "segment_data_import_option": "mirror"},
            {*LOADS, *SEGMENTS, "Segment data delete", "Segment data search", "List data search"},
        ),
        (
            {"segment": "a", "segment_data_import_option": "remove"},
            {*ALWAYS, "static Segment details", "Segment data delete"},
        ),
        (
            {"segment": "a", "segment_data_import_option": "remove", "removal_fields": {"OPTOUT": 1}},
            {*LOADS, "static Segment details", "Segment data delete"},
        ),
        (
            {"segment": "a", "load_list": False, "create_list_if_not_exists": True, "create_fields_if_not_exist": True},
            {*ALWAYS, *SEGMENTS, "List data search"},
        ),
        ({"segment": "a", "load_list": False}, {*ALWAYS, *SEGMENTS, "List data search"}),
        ({"segment": "a", "action_column": "act"}, {*LOADS, *SEGMENTS, "Segment data delete"}),
        ({"deleted_records": "delete"}, {*LOADS, "List data search", "List data delete"}),
        (
            {"relation": {"list": "people", "scope": "S", "field": "KEY"}},
            {*LOADS, "List relations", "create List relations"},
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_the_rights_of_a_config(settings: dict[str, Any], wanted: set[str]) -> None:
    """Each setting needs its rights, and no others."""
    assert {right.name for right in find_needed_rights(settings_with(**settings))} == wanted


def test_settings_of_streams_need_rights_too() -> None:
    """A right is needed for the Lists whose streams need it, and names the setting."""
    settings = settings_with(streams={"events": {"list_api_name": "events", "segment": "a"}})
    rights = {right.name: right for right in find_needed_rights(settings)}
    assert rights["List details"].lists == ("contacts", "events")
    joining = rights["static Segment data load"]
    assert (joining.lists, joining.setting) == (("events",), "segment")
