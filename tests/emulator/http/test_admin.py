"""The admin API: journal, counters, options and reset."""

import time
from typing import Any

import pytest
import requests

from tests.emulator.support import Api


def _status(api: Api, method: str, path: str, body: Any) -> int:
    return api.session.request(method, f"{api.base_url}/_emulator/{path}", json=body, timeout=60).status_code


def test_the_journal_tells_of_each_request(contacts: Api) -> None:
    """A request stands in the journal as soon as it is answered, with its query, rows and size."""
    (*_, before) = contacts.admin("GET", "requests")
    started = time.time()
    contacts.load("CID", [["a"], ["b"]], mode="Stream")
    (entry,) = contacts.admin("GET", "requests", params={"since": before["seq"]})
    assert entry["path"] == "/Portal/Api/organizations/my_org/lists/contacts/data/load"
    assert entry["query"] == {"keyFields": "CID", "fields": "CID", "mode": "Stream"}
    assert (entry["seq"], entry["method"], entry["status"]) == (before["seq"] + 1, "POST", 200)
    assert (entry["rows"], entry["body_bytes"], entry["outcome"]) == (2, len('[["a"], ["b"]]'), "answered")
    assert started <= entry["time"] <= time.time()
    assert entry["monotonic"] > before["monotonic"]
    assert entry["duration_ms"] > 0


def test_the_journal_tells_of_each_write(contacts: Api) -> None:
    """Writes stand in the journal in order, with the keys that took effect, and with all values if asked for."""
    contacts.load("CID,PRICE", [["a", 1], ["b", "x"], ["c", 3], ["a", 4]])
    contacts.load_segment([["a"], ["z"]])
    contacts.send("/segments/vip/data", "CID", [["a"]], method="DELETE")
    contacts.call("DELETE", "/lists/contacts/segments/vip/data/clear")
    contacts.send("/data", "CID", [["c"], ["z"]], method="DELETE")
    writes = contacts.admin("GET", "writes", params={"values": "true"})
    assert [(one["operation"], one["segment"], one["keys"], one["values"]) for one in writes] == [
        ("create_list", None, [], []),
        ("create_fields", None, [], []),
        ("create_segment", "vip", [], []),
        ("list_load", None, [["c"], ["a"]], [["c", 3], ["a", 4]]),
        ("segment_load", "vip", [["a"]], [["a"]]),
        ("segment_delete", "vip", [["a"]], [["a"]]),
        ("segment_clear", "vip", [], []),
        ("list_delete", None, [["c"]], [["c"]]),
    ]
    assert {one["list"] for one in writes} == {"contacts"}
    assert (writes[3]["fields"], writes[3]["key_fields"], writes[3]["count"]) == (["CID", "PRICE"], ["CID"], 2)
    assert [one["seq"] for one in writes] == list(range(1, 9))
    later = contacts.admin("GET", "writes", params={"since": 7})
    assert [one["operation"] for one in later] == ["list_delete"]
    assert "values" not in later[0]


def test_counters_count(contacts: Api) -> None:
    """Requests are counted by status, loads with their rows."""
    contacts.load("CID", [["a"], ["b"]])
    contacts.load_segment([["a"]])
    contacts.call("GET", "/lists/none")
    counters = contacts.counters()
    assert counters["requests"] == sum(counters["by_status"].values()) == 6
    assert counters["by_status"] == {"200": 4, "201": 1, "404": 1}
    assert (counters["loads"], counters["rows"]) == (1, 2)
    assert (counters["segment_loads"], counters["segment_rows"]) == (1, 1)


def test_reset_drops_everything_but_the_options(contacts: Api) -> None:
    """After a reset the emulator is empty, and its options are as they were."""
    contacts.options(latency_ms=1)
    contacts.load("CID", [["a"]])
    contacts.fault("status", times=0)
    contacts.admin("POST", "busy", json={"list": "contacts"})
    contacts.admin("POST", "reset")
    assert contacts.admin("GET", "requests") == []
    assert contacts.admin("GET", "writes") == []
    assert contacts.admin("GET", "faults") == []
    assert contacts.counters()["requests"] == 0
    assert contacts.admin("GET", "options")["latency_ms"] == 1
    assert contacts.call("GET", "/lists").json() == {"lists": []}
    contacts.create_list()
    assert contacts.load("CID", [["a"]])["result_code"] == "Succeeded"


def test_options_are_shown_without_the_secret(api: Api) -> None:
    """The options are all there, but the secret is not told."""
    options = api.admin("GET", "options")
    assert (options["organizations"], options["api_key"], options["api_secret"]) == (["my_org"], "demo-key", None)


@pytest.mark.parametrize(
    "changes",
    [{"colour": 1}, {"db": "x"}, {"rate_limit": 0}, {"latency_ms": -1}, {"missing_status": 500}, {"max_rows": "many"}],
    ids=str,
)
def test_a_wrong_option_is_refused(api: Api, changes: dict[str, Any]) -> None:
    """An option that is unknown, fixed or has a wrong value is a 400, and nothing changes."""
    before = api.admin("GET", "options")
    assert _status(api, "PATCH", "options", {"max_rows": 5, **changes}) == 400
    assert api.admin("GET", "options") == before


def test_the_admin_api_needs_no_key_and_has_no_faults(api: Api) -> None:
    """Faults and the quota leave the admin API alone."""
    api.fault("status", times=0)
    api.options(rate_limit=1)
    answers = [requests.get(f"{api.base_url}/_emulator/counters", timeout=60) for _ in range(3)]
    assert {(answer.status_code, "X-RateLimit-Limit" in answer.headers) for answer in answers} == {(200, False)}
    assert answers[-1].json()["requests"] == 0


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("segments", {"list": "contacts", "api_name": "x", "type": "Moving"}, 400),
        ("segments", {"list": "none", "api_name": "x"}, 404),
        ("indexes", {"list": "none", "fields": ["CID"]}, 404),
        ("busy", {"calls": 1}, 400),
        ("nowhere", {}, 404),
    ],
    ids=str,
)
def test_wrong_admin_calls_are_refused(contacts: Api, path: str, body: Any, status: int) -> None:
    """The admin API says when it cannot do what is asked."""
    assert _status(contacts, "POST", path, body) == status


def test_a_rule_that_is_not_there_cannot_be_dropped(api: Api) -> None:
    """An unknown id is a 404."""
    assert _status(api, "DELETE", "faults/99", None) == 404
