"""The journal of requests and writes, and the counters."""

import time

from tests.emulator.support import ApiClient


def test_the_journal_has_each_request(contacts: ApiClient) -> None:
    """A request is in the journal as soon as it has its response, with its query, rows and size."""
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


def test_the_journal_has_each_write(contacts: ApiClient) -> None:
    """Writes are in the journal in order, with the keys that were written, and with all values on demand."""
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


def test_counters_count(contacts: ApiClient) -> None:
    """Requests are counted by status, loads with their rows."""
    contacts.load("CID", [["a"], ["b"]])
    contacts.load_segment([["a"]])
    contacts.call("GET", "/lists/none")
    counters = contacts.counters()
    assert counters["requests"] == sum(counters["by_status"].values()) == 6
    assert counters["by_status"] == {"200": 4, "201": 1, "404": 1}
    assert (counters["loads"], counters["rows"]) == (1, 2)
    assert (counters["segment_loads"], counters["segment_rows"]) == (1, 1)
