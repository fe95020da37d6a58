"""Settings that contradict `changes_only` are named at the start."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.errors import SettingsError
from tests.unit.config import settings_with


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"snapshot_path": None}, "changes_only needs snapshot_path"),
        ({"snapshot_path": " "}, "changes_only needs snapshot_path"),
        ({"snapshot_path": "x", "rejects_path": "x"}, "snapshot_path and rejects_path name the same file"),
        ({"list_data_import_option": "OnlyInsert"}, "list_data_import_option OnlyInsert contradict"),
        ({"list_data_import_option": "OnlyUpdate"}, "list_data_import_option OnlyUpdate contradict"),
        ({"deduplication": "ImportFirstMatch"}, "deduplication ImportFirstMatch contradict"),
        ({"mode": "Stream"}, "mode Stream contradict"),
        ({"segment_column": "seg", "segment_data_import_option": "replace"}, "replace contradict"),
        ({"streams": {"x": {"segment": "s", "segment_data_import_option": "replace"}}}, "replace contradict"),
        ({"alternate_key_fields": "MAIL"}, "alternate_key_fields contradict"),
        ({"streams": {"x": {"key_fields": "A"}, "y": {"key_fields": "B"}}}, "the same key_fields for all streams"),
    ],
)
def test_contradictions(settings: dict[str, Any], message: str) -> None:
    """Each is one sentence; without `changes_only`, there is none."""
    config = {"snapshot_path": "snapshot.db", **settings}
    with pytest.raises(SettingsError, match=message):
        settings_with(changes_only=True, **config)
    settings_with(changes_only=False, **config)


def test_one_list_of_several() -> None:
    """The streams of a List must agree."""
    people = {"list_api_name": "people", "changes_only": True}
    settings = settings_with(
        streams={"x": people, "y": {"deduplication": "ImportFirstMatch"}}, snapshot_path="snapshot.db"
    )
    assert settings.for_stream("x").changes_only
    assert not settings.for_stream("y").changes_only
    with pytest.raises(SettingsError, match="must be the same for all streams of List people"):
        settings_with(streams={"x": people, "y": {**people, "changes_only": False}}, snapshot_path="snapshot.db")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"segment_column": "seg", "segment_data_import_option": "mirror"},
        {"segment_column": "seg", "action_column": "action", "removal_fields": {"OPTOUT": 1}},
        {"deleted_records": "delete"},
        {"streams": {"x": {"key_fields": "A,B"}, "y": {"key_fields": ["b", "a"]}}},
        {"streams": {"x": {"key_fields": "A"}, "y": {"key_fields": "B", "list_api_name": "others"}}},
        {"max_parallel_requests_per_list": 4},
    ],
)
def test_what_goes_together(settings: dict[str, Any]) -> None:
    """No problem is found."""
    settings_with(changes_only=True, snapshot_path="snapshot.db", **settings)
