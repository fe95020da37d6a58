"""Fault rules."""

import re
from typing import Any

import pytest
import requests

from tests.emulator.support import ApiClient, counts

LOAD = "/data/load$"


def _load(api: ApiClient, key: str = "a") -> requests.Response:
    return api.send("/data/load", "CID", [[key]])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("rule", "status", "text"),
    [
        ({"kind": "status"}, 503, "Fault on demand"),
        ({"kind": "status", "status": 400, "result_code": "ValidationFailed"}, 400, "ValidationFailed"),
        ({"kind": "status", "status": 502, "body": "<html>Bad gateway</html>"}, 502, "<html>Bad gateway</html>"),
        ({"kind": "status", "status": 500, "body": {"message": "no"}}, 500, '{"message":"no"}'),
        ({"kind": "result_code", "result_code": "ServiceUnavailable"}, 200, '"result_code":"ServiceUnavailable"'),
        ({"kind": "not_json"}, 200, "<h1>"),
        ({"kind": "busy"}, 429, "in progress"),
        ({"kind": "quota"}, 429, "API calls quota exceeded"),
    ],
    ids=str,
)
def test_a_fault_replaces_the_response(
    contacts: ApiClient, rule: dict[str, Any], status: int, text: str, when: str
) -> None:
    """The response is that of the rule. With `before`, the work was not done; with `after`, it was."""
    contacts.admin("POST", "faults", json={"path": LOAD, "when": when, **rule})
    response = _load(contacts)
    assert response.status_code == status
    assert text in response.text
    assert contacts.rows("CID") == ([["a"]] if when == "after" else [])
    assert contacts.admin("GET", "requests")[-2]["outcome"] == f"fault:{rule['kind']}"


def test_the_two_429_differ_in_what_remains(contacts: ApiClient) -> None:
    """A busy List leaves the quota unchanged. With `quota`, no calls remain until the reset."""
    contacts.fault("busy", path=LOAD)
    contacts.fault("quota", path=LOAD, seconds=7)
    busy, quota = _load(contacts), _load(contacts)
    assert int(busy.headers["X-RateLimit-Remaining"]) > 0
    assert (quota.headers["X-RateLimit-Remaining"], quota.headers["X-RateLimit-Reset"]) == ("0", "7")
    assert _load(contacts).status_code == 200
    counters = contacts.counters()
    assert (counters["busy_429"], counters["quota_429"], counters["faults"]) == (1, 1, 2)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("reset", "ConnectionResetError"),
        ("close", "RemoteDisconnected"),
        ("hang", "ConnectionResetError|RemoteDisconnected"),
    ],
)
def test_a_fault_ends_the_connection(contacts: ApiClient, kind: str, problem: str, when: str) -> None:
    """No response comes, whether the work was done or not, and the journal shows it."""
    contacts.fault(kind, path=LOAD, when=when, seconds=0.01)
    with pytest.raises(requests.ConnectionError) as caught:
        _load(contacts)
    assert re.search(problem, str(caught.value))
    assert contacts.rows("CID") == ([["a"]] if when == "after" else [])
    entry = contacts.admin("GET", "requests")[-2]
    assert (entry["status"], entry["outcome"]) == (None, f"fault:{kind}")


@pytest.mark.parametrize("kind", ["reset", "close"])
def test_a_fault_ends_the_connection_during_the_body(contacts: ApiClient, kind: str) -> None:
    """After some bytes of the body, nothing more is read, and the connection ends. Shorter bodies end it as well."""
    contacts.fault(kind, path=LOAD, when="during", body_bytes=300_000, skip=1, times=2)
    contacts.load("CID", [["a"]])
    for rows in ([["x" * 20]] * 1_000_000, [["b"]]):
        with pytest.raises(requests.ConnectionError):
            contacts.send("/data/load", "CID", rows)
    large, small = (entry for entry in contacts.admin("GET", "requests") if entry["status"] is None)
    assert 300_000 <= large["body_bytes"] < 20_000_000
    assert (large["outcome"], small["outcome"], small["body_bytes"]) == (f"fault:{kind}", f"fault:{kind}", 7)
    assert contacts.rows("CID") == [["a"]]


def test_a_client_can_end_a_hang(contacts: ApiClient) -> None:
    """A client's own timeout ends a hang, and the emulator goes on."""
    contacts.fault("hang", path="/lists$")
    with pytest.raises(requests.Timeout):
        contacts.session.get(f"{contacts.root}/lists", timeout=0.05)
    assert contacts.call("GET", "/lists").status_code == 200


def test_a_truncated_response_is_incomplete(contacts: ApiClient) -> None:
    """The response has fewer bytes than its header says; the work was done."""
    contacts.fault("truncate", path=LOAD)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        _load(contacts)
    assert contacts.rows("CID") == [["a"]]


def test_a_fault_refuses_rows_by_index(contacts: ApiClient) -> None:
    """The named rows of a data/load are refused as invalid. The others are loaded."""
    contacts.fault("partial", path=LOAD, rows=[0, 2], field_name="CID", message="no", validation_code="InvalidType")
    answer = contacts.load("CID", [["a"], ["b"], ["c"]])
    assert (answer["result_code"], counts(answer)) == ("PartiallySucceeded", {"inserted": 1, "failed": 2})
    assert answer["invalid_records"][1] == {
        "record_index": 2,
        "field_name": "CID",
        "message": "no",
        "validation_code": "InvalidType",
    }
    assert contacts.rows("CID") == [["b"]]


def test_a_rule_picks_calls_by_method_path_and_position(contacts: ApiClient) -> None:
    """Calls that do not match are not counted. `skip` matching calls pass, then `times` calls get the fault."""
    contacts.fault("status", method="POST", path=LOAD, skip=1, times=2)
    contacts.call("GET", "/lists")
    statuses = [_load(contacts, str(number)).status_code for number in range(5)]
    assert statuses == [200, 503, 503, 200, 200]
    (rule,) = contacts.admin("GET", "faults")
    assert (rule["seen"], rule["fired"]) == (5, 2)


def test_a_rule_without_limit_stays_until_it_is_dropped(contacts: ApiClient) -> None:
    """With `times` 0, every matching call gets the fault, until the rule is dropped by its id."""
    (rule,) = contacts.admin("POST", "faults", json={"kind": "status", "path": LOAD, "times": 0})
    assert {_load(contacts).status_code for _ in range(5)} == {503}
    contacts.admin("DELETE", f"faults/{rule['id']}")
    assert _load(contacts).status_code == 200


def test_rules_are_used_up_in_order(contacts: ApiClient) -> None:
    """If several rules match, the first is used as often as it says, then the next."""
    contacts.admin(
        "POST", "faults", json=[{"kind": "status", "status": code, "path": LOAD} for code in (500, 502, 504)]
    )
    assert [_load(contacts).status_code for _ in range(4)] == [500, 502, 504, 200]


def test_random_faults_are_repeatable(contacts: ApiClient) -> None:
    """With a probability, the same seed picks the same calls."""
    runs = []
    for _ in range(2):
        contacts.admin("DELETE", "faults")
        contacts.fault("status", path="/lists$", times=0, probability=0.5, seed=7)
        runs.append([contacts.call("GET", "/lists").status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


def test_a_rule_can_add_headers(contacts: ApiClient) -> None:
    """The response has Retry-After and the other headers of the rule."""
    contacts.fault("status", path="/lists$", retry_after=2, headers={"X-Request-Id": "42"})
    headers = contacts.call("GET", "/lists").headers
    assert (headers["Retry-After"], headers["X-Request-Id"]) == ("2", "42")


def test_a_rule_can_replace_the_headers_of_the_quota(contacts: ApiClient) -> None:
    """A header of the rule replaces that of the quota, even with nonsense."""
    contacts.fault("quota", path="/lists$", headers={"X-RateLimit-Reset": "nan"})
    headers = contacts.call("GET", "/lists").headers
    assert (headers["X-RateLimit-Reset"], headers["X-RateLimit-Remaining"]) == ("nan", "0")


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"kind": "explode"},
        {"kind": "status", "path": "("},
        {"kind": "status", "often": 1},
        {"kind": "status", "status": 42},
        {"kind": "status", "when": "during"},
    ],
    ids=str,
)
def test_a_wrong_rule_is_refused(api: ApiClient, rule: dict[str, Any]) -> None:
    """A rule that is not valid gets status 400."""
    assert api.session.post(f"{api.base_url}/_emulator/faults", json=rule, timeout=60).status_code == 400
