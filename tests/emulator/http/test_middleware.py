"""What the middleware checks before the routes work: login, media type, size and time of a body."""

import json
import socket

import pytest

from tests.emulator.support import KEY, ApiClient, wait_until

LOAD = "/lists/contacts/data/load"
SEGMENT_LOAD = "/lists/contacts/segments/vip/data/load"
KEYS = {"keyFields": "CID", "fields": "CID"}


@pytest.mark.parametrize(
    "header",
    [None, "", "demo-key", "demo-key:", "demo-key:wrong", "demo-secret:demo-key", "DEMO-KEY:demo-secret"],
    ids=ascii,
)
def test_a_call_needs_the_key_and_its_secret(contacts: ApiClient, header: str | None) -> None:
    """A call without key and secret in the header X-ApiKey gets status 401."""
    response = contacts.call("GET", headers={"X-ApiKey": header})
    assert (response.status_code, response.json()["result_code"]) == (401, "Failed")


def test_key_and_secret_may_come_in_two_headers(contacts: ApiClient) -> None:
    """X-ApiKey may have the key alone, if X-ApiKey-Secret has its secret."""
    response = contacts.call("GET", headers={"X-ApiKey": "demo-key", "X-ApiKey-Secret": "demo-secret"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("demo-key", "wrong"),
        ("demo-key", ""),
        ("wrong", "demo-secret"),
        ("demo-key:demo-secret", "demo-secret"),
        ("", "demo-key:demo-secret"),
        (None, "demo-secret"),
    ],
    ids=ascii,
)
def test_two_headers_must_be_one_login(contacts: ApiClient, key: str | None, secret: str) -> None:
    """A wrong or missing half, or a login that is given twice, gets status 401."""
    response = contacts.call("GET", headers={"X-ApiKey": key, "X-ApiKey-Secret": secret})
    assert (response.status_code, response.json()["result_code"]) == (401, "Failed")


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [
        (LOAD, "text/plain", 415),
        (LOAD, "text/json", 415),
        (LOAD, "application/x-www-form-urlencoded", 415),
        (LOAD, "", 415),
        (LOAD, "application/json; charset=utf-8", 200),
        (LOAD, "Application/JSON", 200),
    ],
    ids=str,
)
def test_a_body_must_be_declared_as_json(contacts: ApiClient, path: str, content_type: str, status: int) -> None:
    """A body with another media type gets status 415."""
    headers = {"Content-Type": content_type}
    assert contacts.call("POST", path, params=KEYS, data=b'[["a"]]', headers=headers).status_code == status


def test_definitions_may_be_declared_as_text_json(contacts: ApiClient) -> None:
    """All endpoints except the bulk operations also accept text/json."""
    body = b'{"api_name": "new", "name": "n", "type": "Datalist"}'
    assert contacts.call("POST", "/lists", data=body, headers={"Content-Type": "text/json"}).status_code == 200


def test_refused_calls_are_counted(contacts: ApiClient) -> None:
    """Refusals for parameters, methods and media types are counted. NotFound and 401 are not."""
    contacts.call("GET", "/lists", params={"x": "1"})
    contacts.call("PUT", "/lists")
    contacts.call("POST", LOAD, params=KEYS, data=b"x")
    contacts.call("GET", "/lists/none")
    contacts.call("GET", headers={"X-ApiKey": "none"})
    counters = contacts.counters()
    assert (counters["refused"], counters["by_status"]["404"], counters["by_status"]["401"]) == (3, 1, 1)


def test_a_body_above_the_limit_is_refused(contacts: ApiClient) -> None:
    """A body with more bytes than the limit gets status 413. A body of exactly that size is accepted."""
    body = json.dumps([["a" * 20]]).encode()
    contacts.options(body_limit=len(body))
    query = {"keyFields": "CID", "fields": "CID"}
    headers = {"Content-Type": "application/json"}
    url = "/lists/contacts/data/load"
    statuses = [
        contacts.call("POST", url, params=query, data=data, headers=headers).status_code for data in (body, body + b" ")
    ]
    assert statuses == [200, 413]


def test_latency_delays_responses(contacts: ApiClient) -> None:
    """The journal shows that a call took its latency, and that a bulk operation took longer."""
    contacts.options(latency_ms=20, bulk_latency_ms=200)
    contacts.load("CID", [["a"]])
    contacts.call("GET")
    load, get = contacts.admin("GET", "requests")[-2:]
    assert load["duration_ms"] > get["duration_ms"]
    assert get["duration_ms"] > 10


def _begin_load(api: ApiClient, length: int, body: bytes) -> socket.socket:
    """Begin a load: send its headers and a part of its body."""
    host, _, port = api.base_url.removeprefix("http://").partition(":")
    client = socket.create_connection((host, int(port)), timeout=60)
    path = f"{api.root.removeprefix(api.base_url)}/lists/contacts/data/load?keyFields=CID&fields=CID"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-ApiKey: {KEY}\r\nContent-Type: application/json\r\n"
    client.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + body)
    return client


def test_a_body_must_arrive_in_time(contacts: ApiClient) -> None:
    """If a body has not arrived after `upload_seconds`, the connection is reset, and nothing is done."""
    contacts.options(upload_seconds=0.2)
    contacts.load("CID", [["a"]])
    with _begin_load(contacts, 7, b'[["b') as client, pytest.raises(ConnectionResetError):
        client.recv(1)
    entry = contacts.admin("GET", "requests")[-1]
    assert (entry["status"], entry["outcome"], entry["body_bytes"]) == (None, "slow", 4)
    assert contacts.rows("CID") == [["a"]]


def test_an_incomplete_body_does_nothing(contacts: ApiClient) -> None:
    """If the client closes the connection before the end of the body, nothing is done."""
    _begin_load(contacts, 70, b'[["b"]]').close()
    wait_until(lambda: contacts.admin("GET", "requests")[-1]["outcome"] == "gone")
    assert contacts.rows("CID") == []
