"""Loads that are too large, whatever Selligent answers then: split, and the size is not tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

COUNT = 64
LIST_LOAD = "/contacts/data/load"
SEGMENT_LOAD = "/segments/s/data/load"
KEYS = [f"key{number:04}" for number in range(COUNT)]
MESSAGES = [schema({"key": "string", "seg": "string"}), *records("key seg", *((key, "s") for key in KEYS)), state(1)]


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List and a Segment."""
    tenant.create_list(KEY="Text(10)")
    tenant.create_segment("s")
    return tenant


def body_bytes(rows: int) -> int:
    """Return the size of a body with some of the rows."""
    return len('["key0000"],') * rows + 1


def sent(tenant: Tenant, path: str = LIST_LOAD) -> list[tuple[int, bool]]:
    """Return the size of each load, and whether it was answered with success."""
    return [(entry["body_bytes"], entry["status"] == 200) for entry in tenant.requests(path)]


@pytest.mark.parametrize("reset", [False, True], ids=["413", "reset"])
def test_a_size_is_found_once(contacts: Tenant, reset: bool) -> None:  # noqa: FBT001 - a case
    """A limit of a sixteenth is found by halving four times; the rest of the run, Segments too, is cut to it."""
    contacts.set_options(body_limit=body_bytes(2), body_reset=reset)
    run = contacts.run(MESSAGES, batch_size_rows=32, segment_column="seg").succeeded()
    assert sorted(contacts.rows("KEY")) == [[key] for key in KEYS]
    assert contacts.members("s", "KEY") == KEYS
    assert run.states == [1]
    failed = [size for size, taken in sent(contacts) if not taken]
    # A body that is reset is sent twice more, each time after its last row went through alone.
    assert len(failed) == (12 if reset else 4)
    assert len(set(failed)) == 4
    assert failed == sorted(failed, reverse=True)
    assert all(taken for _, taken in sent(contacts, SEGMENT_LOAD))
    largest = max(size for size, taken in sent(contacts) if taken)
    assert largest == body_bytes(2)
    # The second batch is as large as the first one: it is sent in as many calls as the limit asks for.
    assert [taken for _, taken in sent(contacts)][-16:] == [True] * 16
    assert "loads are cut to" in run.stderr


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_outage_is_no_matter_of_size(contacts: Tenant, when: str) -> None:
    """When nothing gets through for a while, a single row is tried again like any call; loads stay as large."""
    contacts.add_fault("reset", path=LIST_LOAD, times=4, when=when)
    run = contacts.run(MESSAGES, batch_size_rows=32, segment_column="seg").succeeded()
    assert sent(contacts) == [
        (body_bytes(32), False),
        *[(body_bytes(1), False)] * 3,
        (body_bytes(1), True),
        (body_bytes(32), True),
        (body_bytes(32), True),
    ]
    assert sorted(contacts.rows("KEY")) == [[key] for key in KEYS]
    assert run.states == [1]


def test_connections_that_break_by_chance_are_no_matter_of_size(contacts: Tenant) -> None:
    """Once a body of some size was taken, a connection that breaks says nothing about that size: the limit stays."""
    contacts.add_fault("reset", path=LIST_LOAD, skip=1, times=1)
    contacts.add_fault("reset", path=LIST_LOAD, skip=3, times=1)
    run = contacts.run(MESSAGES, batch_size_rows=16, segment_column="seg").succeeded()
    assert [size for size, _ in sent(contacts)] == [body_bytes(16)] * 6
    assert "loads are cut to" not in run.stderr
    assert sorted(contacts.rows("KEY")) == [[key] for key in KEYS]


@pytest.mark.parametrize("known", [True, False], ids=["a size that was taken", "a new size"])
def test_what_is_sent_again_brings_no_old_value_back(tenant: Tenant, known: bool) -> None:  # noqa: FBT001 - a case
    """A load that is done, and whose answer is lost, is sent again whole: nobody sees an older row of a key."""
    tenant.create_list(KEY="Text(10)", TEXT="Text(10)")
    tenant.add_fault("reset", path=LIST_LOAD, when="after", skip=1 if known else 0)
    rows = [*((key, "old") for key in KEYS[:8]), *((key, "new") for key in KEYS[:8])]
    messages = [schema({"key": "string", "text": "string"}), *records("key text", *rows, *rows)]
    tenant.run(messages, batch_size_rows=16).succeeded()
    values = [dict(map(tuple, write["values"])) for write in tenant.writes("list_load")]
    assert len(values) == (3 if known else 4)
    assert {value for write in values for value in write.values()} == {"new"}


def test_a_limit_of_rows_leaves_wide_rows_alone(tenant: Tenant) -> None:
    """Keys that are refused for their number alone are sent in fewer rows, and records in as many bytes as before."""
    tenant.create_list(KEY="Text(10)", TEXT="LongText")
    tenant.create_segment("s")
    tenant.set_options(max_rows=20)
    columns: dict[str, Any] = {"key": "string", "text": "string", "seg": "string"}
    rows = records("key text seg", *((key, "x" * 1000, "s") for key in KEYS))
    tenant.run([schema(columns), *rows], batch_size_rows=16, segment_column="seg").succeeded()
    assert tenant.members("s", "KEY") == KEYS
    assert [entry["rows"] for entry in tenant.requests(LIST_LOAD)] == [16] * 4
    segment_loads = [(entry["rows"], entry["status"]) for entry in tenant.requests(SEGMENT_LOAD)]
    assert segment_loads == [(64, 413), (32, 413), *[(16, 200)] * 4]
