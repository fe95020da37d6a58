"""The endpoints of `/_emulator` that the page reads."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from target_selligent.emulator import EmulatorServer
from tests.emulator.support import ApiClient


@contextmanager
def _events(api: ApiClient) -> Iterator[Iterator[dict[str, Any]]]:
    """Listen to the stream of events."""
    with requests.get(f"{api.base_url}/_emulator/events", stream=True, timeout=60) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines(chunk_size=1)
        yield (json.loads(line[6:]) for line in lines if line.startswith(b"data: "))


def _next_with(events: Iterator[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(event for event in events if name in event)


def test_lists_fields_and_segments(contacts: ApiClient) -> None:
    """Lists come with counts, fields with their types, Segments with their members and the first keys."""
    contacts.load("CID", [[name] for name in "abcd"])
    contacts.load_segment([["b"], ["c"], ["d"], ["a"]])
    contacts.create_segment("none")
    counts = {"fields": 4, "records": 4, "segments": 2}
    assert contacts.admin("GET", "lists") == [
        {"organization": "my_org", "api_name": "contacts", "name": "contacts", "type": "Datalist", **counts}
    ]
    fields = contacts.admin("GET", "fields", params={"list": "contacts"})
    assert [(field["name"], field["data_type"], field["length"]) for field in fields][:2] == [
        ("ID", "Long", None),
        ("CID", "Text", 20),
    ]
    found = contacts.admin("GET", "segments", params={"list": "contacts"})
    assert found["keys"] == ["CID"]
    assert [(one["api_name"], one["type"], one["members"], one["first"]) for one in found["segments"]] == [
        ("vip", "Static", 4, [["a"], ["b"], ["c"]]),
        ("none", "Static", 0, []),
    ]
    page = {"list": "contacts", "organization": "my_org", "search": "NON", "take": 1}
    assert [one["api_name"] for one in contacts.admin("GET", "segments", params=page)["segments"]] == ["none"]
    assert contacts.admin("GET", "segments", params={"list": "contacts", "skip": 2})["segments"] == []


def test_records_page_by_page(contacts: ApiClient) -> None:
    """Records and members come in pages, with the number from which the next page begins. Long values are cut."""
    contacts.load("CID,PRICE", [["a", 1.5], ["b", 2], ["Bb", None]])
    contacts.load_segment([["Bb"]])
    first = contacts.admin("GET", "records", params={"list": "contacts", "take": 2})
    assert first == {
        "count": 3,
        "fields": ["ID", "CID", "PRICE", "FLAG"],
        "keys": ["CID"],
        "rows": [["1", "a", "1.5", None], ["2", "b", "2", None]],
        "next": 2,
    }
    second = contacts.admin("GET", "records", params={"list": "contacts", "take": 2, "after": 2})
    assert (second["rows"], second["next"]) == ([["3", "Bb", None, None]], None)
    found = contacts.admin("GET", "records", params={"list": "contacts", "search": "B"})
    assert [row[1] for row in found["rows"]] == ["b", "Bb"]
    members = contacts.admin("GET", "records", params={"list": "contacts", "segment": "vip", "search": "b"})
    assert (members["count"], [row[1] for row in members["rows"]]) == (1, ["Bb"])


def test_long_values_are_cut(api: ApiClient) -> None:
    """A value of many letters does not make a page large."""
    api.create_list(columns=("CID", "NOTE"))
    api.load("CID,NOTE", [["a", "x" * 5000]])
    (row,) = api.admin("GET", "records", params={"list": "contacts"})["rows"]
    assert row[2] == "x" * 2000 + "…"
    (exact,) = api.admin("GET", "records", params={"list": "contacts", "exact": "true"})["rows"]
    assert exact == [1, "a", "x" * 5000]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("fields?list=none", 404),
        ("fields?list=contacts&organization=other", 404),
        ("segments?list=none", 404),
        ("records?list=contacts&segment=none", 404),
        ("records?list=contacts&take=501", 400),
        ("records?list=contacts&after=-1", 400),
        ("records", 400),
    ],
)
def test_what_is_missing_or_wrong_is_refused(contacts: ApiClient, path: str, status: int) -> None:
    """What does not exist gets 404, whatever the API itself would answer; a wrong parameter gets 400."""
    contacts.options(missing_status=200)
    assert requests.get(f"{contacts.base_url}/_emulator/{path}", timeout=60).status_code == status


def test_the_stream_says_what_changes(contacts: ApiClient) -> None:
    """The first event has the whole state; each later one has what has changed since, and the calls since."""
    with _events(contacts) as events:
        first = next(events)
        assert {"counters", "faults", "options", "data", "calls"} <= first.keys()
        assert (first["options"]["api_secret"], first["faults"]) == (None, [])
        contacts.load("CID", [["a"], ["b"]])
        event = _next_with(events, "data")
        (call,) = event["calls"]
        assert (call["method"], call["status"], call["rows"], call["outcome"]) == ("POST", 200, 2, "answered")
        assert call["seq"] == first["calls"][-1]["seq"] + 1
        assert event["counters"]["loads"] == 1
        assert not {"options", "faults"} & event.keys()
        contacts.fault("status")
        assert _next_with(events, "faults")["faults"][0]["kind"] == "status"
        contacts.options(latency_ms=1)
        assert _next_with(events, "options")["options"]["latency_ms"] == 1
        contacts.admin("POST", "reset")
        dropped = _next_with(events, "calls_dropped")
        assert "calls" not in dropped
        assert dropped["counters"]["requests"] == 0


def test_a_late_listener_gets_the_last_calls_only(api: ApiClient) -> None:
    """However many calls there were, an event has the last hundred."""
    for _ in range(105):
        api.call("GET")
    with _events(api) as events:
        assert [call["seq"] for call in next(events)["calls"]] == list(range(6, 106))


def test_a_listener_does_not_delay_the_end() -> None:
    """The end of the emulator ends the stream in good order."""
    with (
        EmulatorServer() as server,
        requests.get(f"{server.base_url}/_emulator/events", stream=True, timeout=60) as response,
    ):
        lines = response.iter_lines(chunk_size=1)
        assert next(lines).startswith(b"data: ")
        server.stop()
        assert not any(line.startswith(b"data: ") for line in lines)
