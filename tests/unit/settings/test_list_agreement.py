"""The settings that all streams of a List share."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.errors import SettingsError
from tests.unit.config import settings_with

OTHER_VALUES: dict[str, Any] = {
    "create_list_if_not_exists": True,
    "list_data_import_option": "OnlyUpdate",
    "deduplication": "ImportFirstMatch",
    "key_comparison": "exact",
}
OF_SEGMENTS: dict[str, Any] = {
    "create_segment_if_not_exists": True,
    "segment_batch_size_rows": 7,
    "segment_batch_max_age_seconds": 8,
}


def problems_with(**changes: Any) -> list[str]:
    """Return the problems of a config with some changes."""
    with pytest.raises(SettingsError) as caught:
        settings_with(**changes)
    return caught.value.problems


@pytest.mark.parametrize(("name", "value"), [*OTHER_VALUES.items(), *OF_SEGMENTS.items()])
def test_each_list_has_its_own(name: str, value: object) -> None:
    """An entry's value holds for its List only, in any spelling; the run's value holds for the others."""
    streams = {"a": {"list_api_name": "Own", "segment": "s", name: value}, "b": {"list_api_name": "other"}}
    settings = settings_with(streams=streams)
    assert getattr(settings.for_list("own"), name) == value
    for other in ("other", "contacts", "unknown"):
        assert getattr(settings.for_list(other), name) == getattr(settings, name)


def test_all_that_differs_is_named_in_one_line() -> None:
    """Each setting with its values, each value with a stream that has it. Other Lists are not concerned."""
    streams = {
        "a": OTHER_VALUES,
        "b": {"list_api_name": "CONTACTS"},
        "c": {"key_comparison": "exact"},
        "d": {"list_api_name": "other", "deduplication": "ImportFirstMatch"},
    }
    (problem,) = problems_with(streams=streams)
    assert problem == (
        "create_list_if_not_exists (a: True, b: False), list_data_import_option (a: OnlyUpdate, b: InsertAndUpdate), "
        "deduplication (a: ImportFirstMatch, b: ImportLastMatch), key_comparison (a: exact, b: ignore_case) "
        "must be the same for all streams of List contacts"
    )


@pytest.mark.parametrize(("name", "value"), OF_SEGMENTS.items())
def test_settings_of_segments_need_segments(name: str, value: object) -> None:
    """A stream without Segments does not contradict one with Segments, wherever it stands."""
    own = {"segment": "s", name: value}
    for streams in ({"a": own, "b": {}}, {"b": {}, "a": own}):
        assert getattr(settings_with(streams=streams).for_list("contacts"), name) == value
    (problem,) = problems_with(streams={"a": own, "b": {"segment": "t"}})
    assert problem.startswith(f"{name} (a: {value}, b: ")


def test_settings_of_list_loads_need_a_list_load() -> None:
    """A stream that does not load the List agrees with every other one, but for the comparison of keys."""
    others = {name: value for name, value in OTHER_VALUES.items() if name != "key_comparison"}
    only_segments = {"segment": "s", "load_list": False}
    for streams in ({"a": {**only_segments, **others}, "b": {}}, {"b": {}, "a": {**only_segments, **others}}):
        own = settings_with(streams=streams).for_list("contacts")
        assert own.load_list
        assert own.list_data_import_option == "InsertAndUpdate"
    streams = {"a": {**only_segments, "key_comparison": "exact"}, "b": {}}
    assert problems_with(streams=streams)[0].startswith("key_comparison (a: exact, b: ignore_case) must be")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"list_data_import_option": "OnlyInsert"}, "OnlyInsert with deduplication ImportLastMatch (stream b)"),
        ({"mode": "Stream"}, "mode Stream (stream b)"),
    ],
    ids=str,
)
def test_streams_that_load_the_list_too_late(changes: dict[str, Any], words: str) -> None:
    """A stream that does not load the List could not find their records. In another List, or alone, it can."""
    only_segments = {"segment": "s", "load_list": False}
    (problem,) = problems_with(streams={"a": only_segments, "b": {}}, **changes)
    assert problem.startswith("load_list false (stream a) and ")
    assert words in problem
    settings = settings_with(streams={"a": only_segments, "b": {"list_api_name": "other"}}, **changes)
    assert not settings.for_list("contacts").spools_records
    alone = settings_with(**only_segments, **changes, deduplication="ImportFirstMatch")
    assert alone.state_deferred_by is None


@pytest.mark.parametrize("unlisted", ["one", "load", "ignore", "refuse"])
def test_streams_without_an_entry(unlisted: str) -> None:
    """They are compared when they come, or before the run if it is sure that they may come."""
    streams = {"a": {"deduplication": "ImportFirstMatch"}}
    if unlisted == "load":
        (problem,) = problems_with(streams=streams, unlisted_streams=unlisted)
        assert problem.startswith("deduplication (a: ImportFirstMatch, all other streams: ImportLastMatch) must be")
        return
    settings = settings_with(streams=streams, unlisted_streams=unlisted)
    assert settings.for_list("contacts").deduplication == "ImportFirstMatch"
    assert list(settings.find_contradictions_of("a")) == []
    (problem,) = settings.find_contradictions_of("b")
    assert problem.startswith("deduplication (a: ImportFirstMatch, b: ImportLastMatch)")


@pytest.mark.parametrize(
    ("own", "spools", "last_wins", "reason"),
    [
        ({}, False, True, None),
        ({"list_data_import_option": "OnlyInsert"}, True, False, "list_data_import_option OnlyInsert"),
        ({"deduplication": "ImportFirstMatch"}, False, False, "deduplication ImportFirstMatch"),
        ({"list_data_import_option": "OnlyInsert", "deduplication": "ImportFirstMatch"}, False, False, None),
        ({"segment": "s", "segment_data_import_option": "replace"}, False, True, "segment_data_import_option replace"),
    ],
    ids=str,
)
def test_what_follows_for_a_run(own: dict[str, Any], spools: bool, last_wins: bool, reason: str | None) -> None:  # noqa: FBT001 - cases
    """One List of the run is enough to keep STATE back; only its own records are spooled."""
    settings = settings_with(streams={"a": {}, "b": {"list_api_name": "own", **own}})
    assert settings.for_list("own").spools_records is spools
    assert settings.for_list("own").last_record_wins is last_wins
    assert not settings.for_list("contacts").spools_records
    assert (settings.state_deferred_by or "").startswith(reason or "")
    assert (settings.state_deferred_by is None) is (reason is None)
