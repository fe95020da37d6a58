"""Loads of one List that may overlap: the same end as one at a time, faster only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

SCHEMA = schema({"key": "string", "value": "integer", "seg": "string"})
OVERLAP: dict[str, Any] = {"max_parallel_requests_per_list": 4, "batch_size_rows": 1}
SEGMENTS: dict[str, Any] = {"segment_column": "seg", "create_segment_if_not_exists": True}


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant that takes loads side by side, with a List."""
    tenant.set_options(parallel_bulk=True, bulk_latency_ms=100)
    tenant.create_list(KEY="Text(10)", VALUE="Long")
    return tenant


def test_loads_overlap(contacts: Tenant) -> None:
    """Loads of different keys run side by side, up to the number set, and STATE stays in order."""
    messages = [SCHEMA]
    for number in range(12):
        messages += [*records("key value seg", (str(number), number, "s")), state({"done": number})]
    run = contacts.run(messages, **OVERLAP, **SEGMENTS).succeeded()
    assert sorted(contacts.rows("VALUE")) == [[number] for number in range(12)]
    assert len(contacts.members("s", "KEY")) == 12
    assert run.states == [{"done": number} for number in range(12)]
    loads = contacts.requests("/contacts/data/load")
    spans = [(load["monotonic"], load["monotonic"] + load["duration_ms"] / 1000) for load in loads]
    overlapping = [sum(start <= other < end for other, _ in spans) for start, end in spans]
    assert 1 < max(overlapping) <= 4


@pytest.mark.parametrize(
    ("rule", "values"), [("ImportLastMatch", [9]), ("ImportFirstMatch", [0])], ids=["last", "first"]
)
def test_records_of_one_key_keep_their_order(contacts: Tenant, rule: str, values: list[int]) -> None:
    """Loads that share a key never overlap, so the first or the last record of the run wins, as asked."""
    rows = records("key value", *(("a", number) for number in range(10)))
    contacts.run([schema({"key": "string", "value": "integer"}), *rows], **OVERLAP, deduplication=rule).succeeded()
    assert contacts.rows("VALUE") == [values]


def test_a_list_that_takes_one_at_a_time_is_respected(contacts: Tenant) -> None:
    """Where the tenant answers 429 all the same, loads wait for each other and none is lost."""
    contacts.set_options(parallel_bulk=False)
    rows = records("key value", *((str(number), number) for number in range(6)))
    contacts.run([schema({"key": "string", "value": "integer"}), *rows], **OVERLAP).succeeded()
    assert sorted(contacts.rows("VALUE")) == [[number] for number in range(6)]


def test_a_failing_load_among_others_ends_the_run(contacts: Tenant) -> None:
    """When one of several loads under way fails, the run fails and no STATE from it on is printed."""
    contacts.add_fault("status", status=400, path="/data/load", skip=2)
    messages = [schema({"key": "string", "value": "integer"})]
    for number in range(8):
        messages += [*records("key value", (str(number), number)), state({"done": number})]
    run = contacts.run(messages, **OVERLAP)
    assert "400" in run.error_line()
    held = {value for (value,) in contacts.rows("VALUE")}
    covered = set(range(len(run.states)))
    assert run.states == [{"done": number} for number in sorted(covered)]
    assert covered <= held
    assert len(covered) < 8


def test_refused_loads_side_by_side_are_rejected_alike(contacts: Tenant) -> None:
    """Two loads that overlap and consist of refused rows are both judged by the load before, which succeeded."""
    # Selligent does the work, so that it takes its time, and refuses the rows then.
    fault = {"result_code": "ValidationFailed", "path": "/contacts/data/load", "when": "after"}
    contacts.add_fault("result_code", **fault, skip=1, times=2)
    contacts.set_options(bulk_latency_ms=300)
    # The second load has the key of the first one, so it begins after it; the third one overlaps with the second.
    rows = records("key value", ("a", 1), ("a", 2), ("b", 3), ("c", 4))
    messages = [schema({"key": "string", "value": "integer"}), *rows, state({"done": 4})]
    run = contacts.run(messages, max_parallel_requests_per_list=2, batch_size_rows=1).succeeded()
    rejected = [line.split()[2] for line in run.log if line.startswith("Rejected record")]
    assert sorted(rejected) == ["2", "3"]
    assert run.states == [{"done": 4}]
