"""Calls that fail: which of them end the run, and with what message. For retries see `tests/faults`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

SCHEMA = schema({"key": "string", "seg": "string"})
ROWS = records("key seg", ("a", "s"), ("b", "s"))
MESSAGES = [SCHEMA, *ROWS, state({"a": 1})]
PLAIN = [schema({"key": "string"}), *records("key", ("a",), ("b",)), state({"a": 1})]
SEGMENTS: dict[str, Any] = {"segment_column": "seg", "create_segment_if_not_exists": True}
LOAD = "/contacts/data/load"


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List of KEY."""
    tenant.create_list(KEY="Text(10)")
    return tenant


@pytest.mark.parametrize(
    ("denied", "call"),
    [
        ("List_GetList", "GET lists/contacts"),
        ("List_GetListFields", "GET lists/contacts/fields"),
        ("Data_LoadData", "POST lists/contacts/data/load"),
        ("List_GetListSegment", "GET lists/contacts/segments/s"),
        ("List_CreateStaticSegment", "POST lists/contacts/segments/static"),
        ("Data_LoadSegmentData", "POST lists/contacts/segments/s/data/load"),
    ],
)
def test_an_endpoint_that_is_not_granted_is_named(contacts: Tenant, denied: str, call: str) -> None:
    """401 ends the run at once with the endpoint that the service account lacks, and without a STATE."""
    contacts.set_options(denied=[denied])
    run = contacts.run(MESSAGES, **SEGMENTS)
    error_line = run.error_line()
    assert f"{call}: 401" in error_line
    assert "granted" in error_line
    assert run.stdout == ""
    assert [entry["status"] for entry in contacts.requests()].count(401) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api_secret": "wrong-one"}, ["401", "api_key", "api_secret"]),
        ({"api_key": "wrong-one"}, ["401", "api_key", "api_secret"]),
        ({"organization": "another"}, ["403", "organization", "base_url"]),
    ],
    ids=["secret", "key", "organization"],
)
def test_wrong_logins_are_explained(contacts: Tenant, settings: dict[str, Any], words: list[str]) -> None:
    """401 and 403 end the run with the settings to check, without showing the secret."""
    run = contacts.run(MESSAGES, **settings)
    error_line = run.error_line()
    for word in words:
        assert word in error_line
    assert "wrong-one" not in run.stderr


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "status", "status": 400, "message": "Parameter x is wrong"}, ["400", "Parameter x is wrong"]),
        ({"kind": "status", "status": 422}, ["422"]),
        ({"kind": "status", "status": 302, "headers": {"Location": "https://elsewhere.example"}}, ["302", "base_url"]),
        ({"kind": "result_code", "result_code": "Failed", "message": "No luck"}, ["Failed", "No luck"]),
        ({"kind": "result_code", "result_code": "SomethingNew"}, ["SomethingNew"]),
    ],
    ids=["400", "422", "redirect", "Failed", "unknown code"],
)
def test_failing_answers_end_the_run(contacts: Tenant, fault: dict[str, Any], words: list[str]) -> None:
    """A failing answer, also one with status 200, ends the run after one call with Selligent's words and no STATE."""
    contacts.add_fault(path=LOAD, times=0, **fault)
    run = contacts.run(PLAIN)
    error_line = run.error_line()
    assert "POST lists/contacts/data/load" in error_line
    for word in words:
        assert word in error_line
    assert len(contacts.requests(LOAD)) == 1
    assert (run.stdout, contacts.rows("KEY")) == ("", [])


@pytest.mark.parametrize("status", [404, 400, 200])
def test_what_is_not_there_is_recognised(tenant: Tenant, status: int) -> None:
    """A missing List and Segment are known as missing by status or by result_code, and created."""
    tenant.set_options(missing_status=status)
    tenant.run(MESSAGES, create_list_if_not_exists=True, **SEGMENTS).succeeded()
    assert tenant.members("s", "KEY") == ["a", "b"]


def test_a_body_that_is_too_large_is_split(contacts: Tenant) -> None:
    """A 413 halves what is sent until Selligent takes it; no record is lost and the size is not tried again."""
    contacts.set_options(body_limit=100)
    rows = records("key", *((f"key{number:04}",) for number in range(64)))
    run = contacts.run([schema({"key": "string"}), *rows, state({"a": 1})], batch_size_rows=32).succeeded()
    assert sorted(contacts.rows("KEY")) == [[f"key{number:04}"] for number in range(64)]
    statuses = [entry["status"] for entry in contacts.requests(LOAD)]
    assert statuses.count(413) <= 3
    assert run.states == [{"a": 1}]


def test_a_record_that_alone_is_too_large_is_rejected(contacts: Tenant) -> None:
    """A record that Selligent refuses for its size alone is rejected, the others are loaded."""
    contacts.create_list("big", KEY="Text(10)", TEXT="LongText")
    contacts.set_options(body_limit=100)
    rows = records("key text", ("a", "x"), ("b", "x" * 200), ("c", "x"))
    run = contacts.run([schema({"key": "string", "text": "string"}), *rows], list_api_name="big").succeeded()
    assert contacts.rows("KEY", list_api_name="big") == [["a"], ["c"]]
    assert "too large" in run.stderr


def test_a_busy_list_is_waited_for(contacts: Tenant) -> None:
    """The target waits for a busy List, but no longer than the setting allows."""
    contacts.add_fault("busy", path=LOAD, times=3)
    contacts.run(PLAIN).succeeded()
    assert contacts.rows("KEY") == [["a"], ["b"]]
    contacts.add_fault("busy", path=LOAD, times=0)
    error_line = contacts.run(PLAIN, busy_timeout_seconds=0).error_line()
    assert "429: another bulk operation is running on this List" in error_line
    assert len(contacts.requests(LOAD)) == 1


def test_state_before_a_failure_stays_true(contacts: Tenant) -> None:
    """When a later load fails, the STATEs of what was loaded before are printed, and no other."""
    contacts.add_fault("status", status=400, path=LOAD, skip=2, times=0)
    messages = [schema({"key": "string"})]
    for number in range(5):
        messages += [*records("key", (str(number),)), state({"done": number})]
    run = contacts.run(messages, batch_size_rows=1)
    assert "400" in run.error_line()
    assert contacts.rows("KEY") == [["0"], ["1"]]
    assert run.states == [{"done": 0}, {"done": 1}]
    assert any(line.startswith("List contacts: ") for line in run.log)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("api_secret", "line\nbreak"),
        ("api_secret", "other-alphabet-Ω"),
        ("api_key", "key:secret"),
        ("base_url", "https://customer\t.slgnt.eu"),
        ("organization", "my\x00org"),
        ("request_timeout_seconds", 10**12),
    ],
    ids=str,
)
def test_what_can_never_be_sent_is_a_problem_of_a_setting(tenant: Tenant, setting: str, value: Any) -> None:
    """A setting that makes every request impossible is named before the first call, without its value."""
    run = tenant.run(PLAIN, **{setting: value})
    (line,) = (line for line in run.log if line.startswith(setting))
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert str(value) not in line
    assert not tenant.requests()


def test_a_host_that_is_not_found_ends_the_run_within_seconds(tenant: Tenant) -> None:
    """A misspelt host is looked up again for some seconds; then one line names it and its setting."""
    run = tenant.run(PLAIN, base_url="https://customer.invalid")
    assert "GET lists/contacts: host customer.invalid of base_url is not found: check base_url" in run.error_line()
    assert len([line for line in run.log if "trying again" in line]) > 2
