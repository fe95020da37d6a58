"""Loads of a List grow while this is faster, and shrink if the tenant cannot take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

LOAD = "/contacts/data/load"
COUNT, START, MAXIMUM = 4000, 25, 250
KEYS = [f"key{number:04}" for number in range(COUNT)]
MESSAGES = [schema({"key": "string", "seg": "string"}), *records("key seg", *((key, "s") for key in KEYS)), state(1)]


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List and a Segment; each call takes a while."""
    tenant.create_list(KEY="Text(10)", TEXT="Text(3)")
    tenant.create_segment("s")
    tenant.set_options(bulk_latency_ms=30, latency_per_row=0.004)
    return tenant


def rows_sent(tenant: Tenant) -> list[int]:
    """Return how many rows each List load had."""
    return [entry["rows"] for entry in tenant.requests(LOAD)]


def test_loads_grow(contacts: Tenant) -> None:
    """To the maximum, and never beyond. The size is logged once, and it is in the summary."""
    # The time of a call is far above what a busy machine adds to it.
    contacts.set_options(bulk_latency_ms=150)
    run = contacts.run(MESSAGES, segment_column="seg", batch_size_rows=START, max_batch_size_rows=MAXIMUM).succeeded()
    assert sorted(contacts.rows("KEY")) == [[key] for key in KEYS]
    assert contacts.members("s", "KEY") == KEYS
    assert run.states == [1]
    sent = rows_sent(contacts)
    assert sent[0] == START
    assert max(sent) == MAXIMUM
    assert sum(sent) == COUNT
    assert len(sent) < COUNT / START / 4
    assert sum("loads have up to 250 rows from now on" in line for line in run.log) == 1
    assert "Loads of List contacts have grown to 250 rows" in run.log


def test_loads_stay_as_they_are(contacts: Tenant) -> None:
    """If the maximum is the start."""
    run = contacts.run(MESSAGES, segment_column="seg", batch_size_rows=500, max_batch_size_rows=500).succeeded()
    assert rows_sent(contacts) == [500] * 8
    assert "grown" not in run.stderr


@pytest.mark.parametrize("limit", [START + 5, 100])
def test_a_tenant_that_refuses_many_rows_costs_few_calls(contacts: Tenant, limit: int) -> None:
    """At most three calls more than without growth."""
    contacts.set_options(max_rows=limit)
    contacts.run(MESSAGES, batch_size_rows=START, max_batch_size_rows=MAXIMUM, segment_column="seg").succeeded()
    assert sorted(contacts.rows("KEY")) == [[key] for key in KEYS]
    assert len(rows_sent(contacts)) <= COUNT / START + 3
    refused = [entry["rows"] for entry in contacts.requests(LOAD) if entry["status"] == 413]
    assert len(refused) <= 3


def test_a_refused_row_of_a_joined_load(contacts: Tenant) -> None:
    """Batches that wait are loaded together, and each record is still answered for."""
    values = [(key, "bad one" if number % 100 == 7 else "ok") for number, key in enumerate(KEYS)]
    messages = [schema({"key": "string", "text": "string"}), *records("key text", *values), state(1)]
    run = contacts.run(messages, batch_size_rows=START, max_batch_size_rows=MAXIMUM).succeeded()
    assert sorted(contacts.rows("KEY")) == [[key] for key, text in values if text == "ok"]
    assert run.states == [1]
    assert f"{COUNT // 100} refused" in run.stderr
    logged = [int(line.split()[2]) for line in run.log if line.startswith("Rejected record")]
    assert logged == [number + 1 for number in range(COUNT) if number % 100 == 7][: len(logged)]


def test_the_last_row_of_a_key_wins_in_joined_loads(contacts: Tenant) -> None:
    """Batches are joined in their order."""
    values = [(f"k{number % 40}", str(number // 40 % 1000)) for number in range(COUNT)]
    messages = [schema({"key": "string", "text": "string"}), *records("key text", *values)]
    contacts.run(messages, batch_size_rows=START, max_batch_size_rows=MAXIMUM).succeeded()
    assert dict(contacts.rows("KEY", "TEXT")) == dict(values)


def test_an_overloaded_tenant_gets_smaller_loads(contacts: Tenant) -> None:
    """After a 503, loads are half as large for a while."""
    contacts.add_fault("status", status=503, path=LOAD, skip=8, times=1)
    run = contacts.run(MESSAGES, batch_size_rows=START, max_batch_size_rows=MAXIMUM, segment_column="seg").succeeded()
    assert run.states == [1]
    assert sorted(contacts.rows("KEY")) == [[key] for key in KEYS]
    entries = contacts.requests(LOAD)
    failed = next(index for index, entry in enumerate(entries) if entry["status"] == 503)
    later = [entry["rows"] for entry in entries[failed + 2 : failed + 10]]
    assert min(later) <= MAXIMUM // 2
