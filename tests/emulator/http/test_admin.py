"""The endpoints of `/_emulator`."""

from typing import Any

import pytest
import requests

from tests.emulator.support import ApiClient


def test_reset_drops_everything_but_the_options(contacts: ApiClient) -> None:
    """After a reset the emulator is empty, and its options are unchanged."""
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


def test_the_admin_api_needs_no_key_and_has_no_faults(api: ApiClient) -> None:
    """`/_emulator` needs no login. Faults and the quota do not apply to it."""
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
def test_wrong_admin_calls_are_refused(contacts: ApiClient, path: str, body: Any, status: int) -> None:
    """A call that is not valid gets status 400 or 404."""
    assert contacts.admin_status("POST", path, body) == status


def test_an_unknown_rule_cannot_be_dropped(api: ApiClient) -> None:
    """An unknown id gets status 404."""
    assert api.admin_status("DELETE", "faults/99", None) == 404
