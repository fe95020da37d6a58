"""Busy Lists, parallel bulk operations and unique indexes."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.emulator.support import ApiClient, counts, wait_until


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    """Threads for calls that take long."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def _start_slow_call(api: ApiClient, pool: ThreadPoolExecutor, path: str = "/data/load") -> Future[requests.Response]:
    """Start a bulk call that works until the fault rules are dropped; return when it works."""
    api.fault("delay", path=f"{path}$", seconds=600)
    other = ApiClient(api.base_url)
    call = pool.submit(other.send, path, "CID", [["slow"]])
    wait_until(lambda: api.admin("GET", "faults")[-1]["fired"])
    return call


def _end_slow_calls(api: ApiClient) -> None:
    api.admin("DELETE", "faults")


BULK = [
    ("POST", "/data/load"),
    ("DELETE", "/data"),
    ("POST", "/segments/vip/data/load"),
    ("DELETE", "/segments/vip/data"),
]


@pytest.mark.parametrize(("method", "path"), BULK, ids=str)
def test_a_list_accepts_one_bulk_operation_at_a_time(
    contacts: ApiClient, background: ThreadPoolExecutor, method: str, path: str
) -> None:
    """During a load, every other bulk operation on its List gets status 429 in plain text at once."""
    first = _start_slow_call(contacts, background)
    response = contacts.send(path, "CID", [["a"]], method=method)
    _end_slow_calls(contacts)
    assert (response.status_code, response.headers["content-type"]) == (429, "text/plain; charset=utf-8")
    assert int(response.headers["X-RateLimit-Remaining"]) > 0
    assert first.result().status_code == 200
    assert contacts.send(path, "CID", [["a"]], method=method).status_code == 200
    assert (contacts.counters()["busy_429"], contacts.counters()["quota_429"]) == (1, 0)


def test_a_load_ends_without_its_client(contacts: ApiClient) -> None:
    """A client's own timeout does not end the operation: the List stays busy, then has the record."""
    contacts.fault("delay", path="/data/load$", seconds=600)
    url = f"{contacts.root}/lists/contacts/data/load"
    query = {"keyFields": "CID", "fields": "CID"}
    with pytest.raises(requests.Timeout):
        contacts.session.post(url, params=query, json=[["slow"]], timeout=0.2)
    assert contacts.send("/data/load", "CID", [["a"]]).status_code == 429
    _end_slow_calls(contacts)
    wait_until(lambda: contacts.rows("CID"))
    assert contacts.rows("CID") == [["slow"]]


def test_a_segment_load_makes_its_list_busy(contacts: ApiClient, background: ThreadPoolExecutor) -> None:
    """During a Segment load, a List load is refused."""
    first = _start_slow_call(contacts, background, "/segments/vip/data/load")
    refused = contacts.send("/data/load", "CID", [["a"]])
    _end_slow_calls(contacts)
    assert (refused.status_code, first.result().status_code) == (429, 200)


def test_a_busy_list_affects_nothing_else(contacts: ApiClient, background: ThreadPoolExecutor) -> None:
    """While a List is busy, reads of it and loads of other Lists are served."""
    contacts.create_list("orders")
    first = _start_slow_call(contacts, background)
    assert contacts.rows("CID") == []
    query = {"keyFields": "CID", "fields": "CID"}
    _end_slow_calls(contacts)
    assert contacts.call("POST", "/lists/orders/data/load", params=query, json=[["a"]]).status_code == 200
    assert first.result().status_code == 200


def test_bulk_operations_can_run_in_parallel(contacts: ApiClient, background: ThreadPoolExecutor) -> None:
    """With the option, a second load of a List is done while the first is running."""
    contacts.options(parallel_bulk=True)
    first = _start_slow_call(contacts, background, "/segments/vip/data/load")
    assert counts(contacts.load("CID", [["a"]])) == {"inserted": 1}
    _end_slow_calls(contacts)
    assert first.result().status_code == 200


def test_a_list_can_be_busy_for_some_calls(contacts: ApiClient) -> None:
    """The given number of bulk operations is refused."""
    contacts.admin("POST", "busy", json={"list": "CONTACTS", "calls": 2})
    statuses = [contacts.send("/data/load", "CID", [["a"]]).status_code for _ in range(3)]
    assert statuses == [429, 429, 200]


def test_a_list_can_be_busy_without_end(contacts: ApiClient) -> None:
    """Without a number, all bulk operations are refused until the mark is removed."""
    contacts.admin("POST", "busy", json={"list": "contacts"})
    statuses = [contacts.send("/data/load", "CID", [["a"]]).status_code for _ in range(3)]
    contacts.admin("DELETE", "busy", params={"list": "contacts"})
    assert [*statuses, contacts.send("/data/load", "CID", [["a"]]).status_code] == [429, 429, 429, 200]


def test_large_loads_can_need_an_index(contacts: ApiClient) -> None:
    """A load with more rows than the option gets status 400, unless a unique index covers its key fields."""
    contacts.options(unique_index_required_above_rows=1)
    rows: list[list[Any]] = [["a"], ["b"]]
    assert contacts.send("/data/load", "CID", rows[:1]).status_code == 200
    assert contacts.send("/data/load", "CID", rows).json()["result_code"] == "ValidationFailed"
    contacts.admin("POST", "indexes", json={"list": "contacts", "fields": ["cid"]})
    assert contacts.send("/data/load", "CID", rows).status_code == 200
