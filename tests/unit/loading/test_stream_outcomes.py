"""What became of each stream: a stream of which nothing was loaded keeps STATE back, and names that never came."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from target_selligent.errors import DestinationError, InputError, NothingLoadedError, RejectedRecord
from target_selligent.loading.checkpoints import Checkpoints
from target_selligent.loading.stream_outcomes import StreamOutcomes
from target_selligent.rejects.rejection import Rejection
from target_selligent.rejects.rejects import Rejects
from target_selligent.settings.settings import Settings
from tests.unit.rows import ROUTE

REQUIRED = {
    "base_url": "https://customer.slgnt.eu",
    "api_key": "key",
    "api_secret": "secret",
    "organization": "org",
    "list_api_name": "contacts",
}


class Run:
    """The outcomes of a run with some settings, with the STATEs that were printed."""

    def __init__(self, **settings: Any) -> None:
        self.states: list[str] = []
        self.checkpoints = Checkpoints(self.states.append)
        self.outcomes = StreamOutcomes(Settings.from_config({**REQUIRED, **settings}), self.checkpoints)
        self.rejects = Rejects(strict=False)

    def open(self, stream: str, *columns: str, name_in_tap: str = "") -> None:
        """Open a stream with some columns."""
        with self.outcomes.opening(stream, name_in_tap, columns):
            pass

    def reject(self) -> None:
        """Reject a record of the stream without a name in the tap."""
        self.rejects.add(Rejection.from_line(RejectedRecord("too long", code="too_long"), ROUTE, 1, b"{}", 1))


def test_state_waits_for_the_first_loaded_row() -> None:
    """From the first record of a stream on; a loaded row of another stream does not help."""
    run = Run(unlisted_streams="load")
    run.open("people")
    run.open("orders")
    run.checkpoints.note_state("before")
    run.outcomes.note_records("people", 2)
    run.checkpoints.note_state("after")
    run.outcomes.note_loaded("orders")
    assert run.states == ["before"]
    run.outcomes.note_loaded("people")
    run.outcomes.note_loaded("people")
    assert run.states == ["before", "after"]


def test_a_stream_whose_records_were_all_rejected_fails_the_run() -> None:
    """The error says why, and no STATE after the records is printed."""
    run = Run()
    run.open("people")
    run.outcomes.note_records("people", 1)
    run.reject()
    run.checkpoints.note_state("after")
    with pytest.raises(NothingLoadedError, match=r"none of the 1 records of stream people .* too long"):
        run.outcomes.check_at_end(run.rejects)
    assert run.states == []


def test_a_stream_without_rejects_does_not_fail_the_run() -> None:
    """Its records were all left out for others with their keys, for instance."""
    run = Run()
    run.open("people")
    run.outcomes.note_records("people", 1)
    run.checkpoints.note_state("after")
    run.outcomes.check_at_end(run.rejects)
    assert run.states == ["after"]


@pytest.mark.parametrize(("limit", "before_the_end"), [("5", ["after"]), ("50%", [])])
def test_max_rejects_decides_alone(limit: str, before_the_end: list[str]) -> None:
    """A number is checked at each reject, so STATE does not wait. A share is checked at the end, so it waits."""
    run = Run(max_rejects=limit)
    run.open("people")
    run.outcomes.note_records("people", 1)
    run.reject()
    run.checkpoints.note_state("after")
    assert run.states == before_the_end
    run.outcomes.check_at_end(run.rejects)
    assert run.states == ["after"]


def test_a_second_stream_without_an_entry_is_an_error() -> None:
    """It suggests an entry that is spelled alike and not used yet."""
    run = Run(streams={"Order": {}, "orders_": {}})
    run.open("orders_")
    run.open("visits")
    with pytest.raises(InputError, match=r"stream orders has no entry .* neither has stream visits.*mean Order"):
        run.open("orders")


@pytest.mark.parametrize("settings", [{"streams": {"orders": {}}}, {"unlisted_streams": "load"}], ids=str)
def test_a_second_stream_may_be_allowed(settings: dict[str, Any]) -> None:
    """By an entry of its own, or for all streams."""
    run = Run(**settings)
    run.open("people")
    run.open("orders")


def test_two_streams_of_one_name_are_an_error() -> None:
    """The same stream may come again."""
    run = Run()
    run.open("people", name_in_tap="customers")
    run.outcomes.check_name("people", "customers")
    run.open("people", name_in_tap="customers")
    with pytest.raises(InputError, match="stream_maps give streams customers and orders the same name people"):
        run.outcomes.check_name("people", "orders")
    with pytest.raises(InputError, match="__alias__"):
        run.open("people", name_in_tap="orders")


def test_names_that_never_came_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Streams and columns, each with the most similar name that came. Metadata columns come in some runs only."""
    run = Run(
        streams={
            "order": {},
            "people": {"field_mapping": {"e_mail": "EMAIL"}, "field_types": {"FIRST_NME": "Long", "email": "Long"}},
            "customers": {},
        },
        field_types={"AEG": "Long", "name": "Long"},
        field_mapping={"nme": "NAME", "zzz": None, "_sdc_deleted_at": "DELETED"},
    )
    run.open("orders", "name")
    run.open("people", "email", name_in_tap="customers")
    run.outcomes.note_fields("people", ["EMAIL", "NAME", "FIRST_NAME"])
    run.outcomes.note_fields("orders", ["AGE"])
    with caplog.at_level(logging.WARNING):
        run.outcomes.check_at_end(run.rejects)
    assert caplog.messages == [
        "streams names stream order, which never came: did you mean orders?",
        "streams names stream customers, which never came: stream_maps loads it as people",
        "field_mapping names column nme, which never came: did you mean name?",
        "field_mapping names column zzz, which never came",
        "field_types names field AEG, which no column becomes: did you mean AGE?",
        "field_mapping of stream people names column e_mail, which never came: did you mean email?",
        "field_types of stream people names field FIRST_NME, which no column becomes: did you mean FIRST_NAME?",
    ]


def test_a_likely_typo_is_logged_before_the_list_does_not_fit(caplog: pytest.LogCaptureFixture) -> None:
    """The error about fields comes after its probable cause; mappings of columns that may come later are not named."""
    run = Run(field_mapping={"e_mail": "EMAIL", "zzz": None})
    problem = DestinationError("List contacts has no such fields")
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(DestinationError) as caught,
        run.outcomes.opening("people", "people", ["email"]),
    ):
        raise problem
    assert caught.value is problem
    assert caplog.messages == [
        "field_mapping of stream people names column e_mail, which never came: did you mean email?"
    ]
