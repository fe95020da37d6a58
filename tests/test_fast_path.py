"""Records taken many at once end in the same requests as records that go through the SDK's own handler one by one."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import record, schema, state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support import Message, Tenant

FIXTURES = sorted(
    path.name
    for path in (resources.files("singer_sdk.testing") / "target_test_streams").iterdir()
    if path.name.endswith(".singer")
)
THROUGH_THE_SDK: dict[str, Any] = {"stream_maps": {"*": {}}}
"""A map that changes nothing, for every stream: the SDK's handler takes each record."""

SETTINGS: dict[str, Any] = {
    "create_list_if_not_exists": True,
    "field_mapping": {"id": "CUSTOMER_IDENTIFIER", "Id": "CUSTOMER_IDENTIFIER"},
    "batch_size_rows": 3,
    "unlisted_streams": "load",
}
COLUMNS = {
    "key": {"type": "string"},
    "whole": {"type": ["integer", "null"]},
    "part": {"type": ["number", "null"]},
    "wide": {"type": ["number", "null"], "multipleOf": 1, "maximum": 10**20, "exclusiveMaximum": True},
    "small": {"type": ["number", "null"], "multipleOf": 0.01, "minimum": -5},
    "yes": {"type": ["boolean", "null"]},
    "at": {"type": ["string", "null"], "format": "date-time"},
    "day": {"type": ["string", "null"], "format": "date"},
    "any": {},
    "seg": {"type": ["string", "array", "null"]},
}
KEYS = st.sampled_from(["a", "b", "c", " ", ""])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "whole": st.none() | st.integers(-(2**70), 2**70) | st.just(3.0),
    "part": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5),
    "wide": st.none() | st.integers(-(2**70), 2**70) | st.sampled_from([1.0, 2.5, 1e19]),
    "small": st.none() | st.sampled_from([19.99, 0.1, 0.005, -6, 3]),
    "_sdc_deleted_at": st.sampled_from([None, None, "", "2026-05-01T10:15:00Z"]),
    "yes": st.none() | st.booleans() | st.just("no"),
    "at": st.sampled_from([None, "2026-05-01T10:15:00Z", "2026-05-01 10:15:00+02:00", "2026-02-30T00:00:00Z", "soon"]),
    "day": st.sampled_from([None, "2024-02-29", "2023-02-29", "2026-05-01T00:00:00", "today"]),
    "any": st.none()
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(), st.none()),
    "seg": st.sampled_from([None, "", "vip", "other", ["vip", "other"], [], ["", "vip"]]),
}


def _outcome(tenant: Tenant, messages: Iterable[Message] | bytes, **more: Any) -> dict[str, Any]:
    tenant.reset()
    run = tenant.run(messages, **SETTINGS, **more)
    told = ("method", "path", "query", "status", "rows", "body_bytes")
    return {
        "returncode": run.returncode,
        "states": run.states,
        # Reading prepares the next schema while a load is under way: their calls come in any order.
        "requests": sorted(str({name: entry[name] for name in told}) for entry in tenant.requests()),
        "loads": [entry["values"] for entry in tenant.writes("list_load")],
        "members": [(entry["segment"], entry["keys"]) for entry in tenant.writes("segment_load")],
        "rejected": [line.rpartition("Rejected ")[2] for line in run.stderr.splitlines() if "Rejected " in line],
    }


@pytest.mark.parametrize("name", FIXTURES)
def test_the_fixtures_of_the_sdk(tenant: Tenant, name: str) -> None:
    """The SDK's own messages end in the same requests on both ways."""
    messages = (resources.files("singer_sdk.testing") / "target_test_streams" / name).read_bytes()
    assert _outcome(tenant, messages) == _outcome(tenant, messages, **THROUGH_THE_SDK)


@settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.lists(st.fixed_dictionaries({"key": KEYS}, optional=VALUES), min_size=1, max_size=40),
    first_wins=st.booleans(),
)
def test_any_records(tenant: Tenant, rows: list[dict[str, Any]], first_wins: bool) -> None:  # noqa: FBT001 - drawn
    """Whatever records hold or lack, both ways load, skip and say the same."""
    messages = [schema(COLUMNS), *map(record, rows), state({"done": True})]
    more: dict[str, Any] = {
        "segment_column": "seg",
        "create_segment_if_not_exists": True,
        "deduplication": "ImportFirstMatch" if first_wins else "ImportLastMatch",
    }
    assert _outcome(tenant, messages, **more) == _outcome(tenant, messages, **more, **THROUGH_THE_SDK)
