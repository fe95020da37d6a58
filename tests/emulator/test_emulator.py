"""Quota, busy Lists, sizes and waits."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests

from target_selligent.emulator.faults.quota import QuotaWindow
from tests.emulator.support import KEY, Api, counts, wait_until


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    """Threads for calls that take long."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def _hold(api: Api, pool: ThreadPoolExecutor, path: str = "/data/load") -> Future[requests.Response]:
    """Begin a bulk call that works until the faults are cleared; return when it works."""
    api.fault("delay", path=f"{path}$", seconds=600)
    other = Api(api.base_url)
    call = pool.submit(other.send, path, "CID", [["slow"]])
    wait_until(lambda: api.admin("GET", "faults")[-1]["fired"])
    return call


def _release(api: Api) -> None:
    api.admin("DELETE", "faults")


BULK = [
    ("POST", "/data/load"),
    ("DELETE", "/data"),
    ("POST", "/segments/vip/data/load"),
    ("DELETE", "/segments/vip/data"),
]


@pytest.mark.parametrize(("method", "path"), BULK, ids=str)
def test_a_list_takes_one_bulk_operation_at_a_time(
    contacts: Api, background: ThreadPoolExecutor, method: str, path: str
) -> None:
    """While a load is at work, every other bulk operation on its List is refused at once with a plain 429."""
    first = _hold(contacts, background)
    response = contacts.send(path, "CID", [["a"]], method=method)
    _release(contacts)
    assert (response.status_code, response.headers["content-type"]) == (429, "text/plain; charset=utf-8")
    assert int(response.headers["X-RateLimit-Remaining"]) > 0
    assert first.result().status_code == 200
    assert contacts.send(path, "CID", [["a"]], method=method).status_code == 200
    assert (contacts.counters()["busy_429"], contacts.counters()["quota_429"]) == (1, 0)


def test_a_load_whose_client_has_gone_is_still_done(contacts: Api) -> None:
    """A client's own time-out does not end the operation: the List stays busy, then has the record."""
    contacts.fault("delay", path="/data/load$", seconds=600)
    url = f"{contacts.root}/lists/contacts/data/load"
    query = {"keyFields": "CID", "fields": "CID"}
    with pytest.raises(requests.Timeout):
        contacts.session.post(url, params=query, json=[["slow"]], timeout=0.2)
    assert contacts.send("/data/load", "CID", [["a"]]).status_code == 429
    _release(contacts)
    wait_until(lambda: contacts.rows("CID"))
    assert contacts.rows("CID") == [["slow"]]


def test_a_segment_load_holds_its_list(contacts: Api, background: ThreadPoolExecutor) -> None:
    """A segment load at work keeps a list load out."""
    first = _hold(contacts, background, "/segments/vip/data/load")
    refused = contacts.send("/data/load", "CID", [["a"]])
    _release(contacts)
    assert (refused.status_code, first.result().status_code) == (429, 200)


def test_other_calls_and_lists_go_on(contacts: Api, background: ThreadPoolExecutor) -> None:
    """While a List is at work, reads of it and loads of another List are served."""
    contacts.create_list("orders")
    first = _hold(contacts, background)
    assert contacts.rows("CID") == []
    query = {"keyFields": "CID", "fields": "CID"}
    _release(contacts)
    assert contacts.call("POST", "/lists/orders/data/load", params=query, json=[["a"]]).status_code == 200
    assert first.result().status_code == 200


def test_bulk_operations_run_side_by_side_when_switched(contacts: Api, background: ThreadPoolExecutor) -> None:
    """With the option, a second load of a List is done while the first is at work."""
    contacts.options(parallel_bulk=True)
    first = _hold(contacts, background, "/segments/vip/data/load")
    assert counts(contacts.load("CID", [["a"]])) == {"inserted": 1}
    _release(contacts)
    assert first.result().status_code == 200


def test_a_list_can_be_held_for_some_calls(contacts: Api) -> None:
    """A hold refuses as many bulk operations as it says."""
    contacts.admin("POST", "busy", json={"list": "CONTACTS", "calls": 2})
    statuses = [contacts.send("/data/load", "CID", [["a"]]).status_code for _ in range(3)]
    assert statuses == [429, 429, 200]


def test_a_list_can_be_held_until_released(contacts: Api) -> None:
    """A hold without a number lasts until it is released."""
    contacts.admin("POST", "busy", json={"list": "contacts"})
    statuses = [contacts.send("/data/load", "CID", [["a"]]).status_code for _ in range(3)]
    contacts.admin("DELETE", "busy", params={"list": "contacts"})
    assert [*statuses, contacts.send("/data/load", "CID", [["a"]]).status_code] == [429, 429, 429, 200]


def test_every_answer_tells_the_quota(contacts: Api) -> None:
    """Limit, what remains and the seconds left stand in the headers of each answer, also of a refusal."""
    contacts.options(rate_limit=2500, rate_window=60)
    seen = [contacts.call("GET", path) for path in ("", "/lists", "/lists/none", "/nowhere", "/lists?x=1")]
    assert {answer.headers["X-RateLimit-Limit"] for answer in seen} == {"2500, 2500;w=60"}
    remaining = [int(answer.headers["X-RateLimit-Remaining"]) for answer in seen]
    assert remaining == list(range(remaining[0], remaining[0] - 5, -1))
    assert all(0 < int(answer.headers["X-RateLimit-Reset"]) <= 60 for answer in seen)


def test_calls_above_the_quota_are_refused(contacts: Api) -> None:
    """Above the limit a call is a 429 in plain text with nothing remaining, and not done."""
    used = contacts.counters()["requests"]
    contacts.options(rate_limit=used + 1, rate_window=3600)
    assert contacts.call("GET").headers["X-RateLimit-Remaining"] == "0"
    refused = contacts.send("/data/load", "CID", [["a"]])
    assert (refused.status_code, refused.text) == (429, "API calls quota exceeded")
    assert refused.headers["content-type"].startswith("text/plain")
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert 0 < int(refused.headers["X-RateLimit-Reset"]) <= 3600
    assert contacts.counters()["quota_429"] == 1
    contacts.options(rate_limit=2500)
    assert contacts.rows("CID") == []


def test_a_window_ends() -> None:
    """When the window is over, its calls are granted again; what is left of a second counts as one."""
    now = [100.0]
    window = QuotaWindow(lambda: now[0])
    assert [window.use_call(2, 60).granted for _ in range(3)] == [True, True, False]
    now[0] += 58.5
    quota = window.use_call(2, 60)
    assert (quota.granted, quota.remaining, quota.reset) == (False, 0, 2)
    now[0] += 1.5
    quota = window.use_call(2, 60)
    assert (quota.granted, quota.remaining, quota.reset) == (True, 1, 60)


def test_a_body_above_the_limit_is_refused(contacts: Api) -> None:
    """A body of more bytes than the limit is a 413, one of as many is taken."""
    body = json.dumps([["a" * 20]]).encode()
    contacts.options(body_limit=len(body))
    query = {"keyFields": "CID", "fields": "CID"}
    headers = {"Content-Type": "application/json"}
    url = "/lists/contacts/data/load"
    statuses = [
        contacts.call("POST", url, params=query, data=data, headers=headers).status_code for data in (body, body + b" ")
    ]
    assert statuses == [200, 413]


def test_a_load_of_too_many_rows_is_refused(contacts: Api) -> None:
    """More rows than the option says are a 413; a header row is none of them."""
    contacts.options(max_rows=2)
    assert contacts.send("/data/load", "CID", [["a"], ["b"], ["c"]]).status_code == 413
    response = contacts.call(
        "POST", "/lists/contacts/data/load", params={"keyFields": "CID"}, json=[["CID"], ["a"], ["b"]]
    )
    assert response.status_code == 200


def test_large_loads_need_an_index_when_switched(contacts: Api) -> None:
    """Above the option's number of rows, a load is a 400 until a unique index covers its key fields."""
    contacts.options(unique_index_required_above_rows=1)
    rows: list[list[Any]] = [["a"], ["b"]]
    assert contacts.send("/data/load", "CID", rows[:1]).status_code == 200
    assert contacts.send("/data/load", "CID", rows).json()["result_code"] == "ValidationFailed"
    contacts.admin("POST", "indexes", json={"list": "contacts", "fields": ["cid"]})
    assert contacts.send("/data/load", "CID", rows).status_code == 200


def test_answers_wait_as_switched(contacts: Api) -> None:
    """The journal shows that a call, and more so a bulk call, took its latency."""
    contacts.options(latency_ms=20, bulk_latency_ms=200)
    contacts.load("CID", [["a"]])
    contacts.call("GET")
    load, get = contacts.admin("GET", "requests")[-2:]
    assert load["duration_ms"] > get["duration_ms"]
    assert get["duration_ms"] > 10


def _begin_load(api: Api, length: int, body: bytes) -> socket.socket:
    """Begin a load whose body is to have a length, and send some of it."""
    host, _, port = api.base_url.removeprefix("http://").partition(":")
    client = socket.create_connection((host, int(port)), timeout=60)
    path = f"{api.root.removeprefix(api.base_url)}/lists/contacts/data/load?keyFields=CID&fields=CID"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-ApiKey: {KEY}\r\nContent-Type: application/json\r\n"
    client.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + body)
    return client


def test_a_body_must_arrive_in_time(contacts: Api) -> None:
    """A body that has not arrived after `upload_seconds` is cut off by a reset, and nothing of it is done."""
    contacts.options(upload_seconds=0.2)
    contacts.load("CID", [["a"]])
    with _begin_load(contacts, 7, b'[["b') as client, pytest.raises(ConnectionResetError):
        client.recv(1)
    entry = contacts.admin("GET", "requests")[-1]
    assert (entry["status"], entry["outcome"], entry["body_bytes"]) == (None, "slow", 4)
    assert contacts.rows("CID") == [["a"]]


def test_a_client_that_leaves_does_nothing(contacts: Api) -> None:
    """A body whose sender closes the connection half-way is not taken for a whole one."""
    _begin_load(contacts, 70, b'[["b"]]').close()
    wait_until(lambda: contacts.admin("GET", "requests")[-1]["outcome"] == "gone")
    assert contacts.rows("CID") == []
