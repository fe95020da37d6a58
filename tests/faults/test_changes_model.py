"""Random runs that send changes only, against a model in which every record is sent."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_selligent import LoadRun, Settings
from target_selligent.errors import TargetSelligentError
from tests.support import LIST, schema

if TYPE_CHECKING:
    import pytest

    from tests.support import Tenant

_SEGMENTS = ["s", "t"]
_REFUSED = "\N{GRINNING FACE}" * 2
"""Two characters that Selligent counts as four: too long for the field, but the target does not know it."""
_TOO_LONG = "too long for the field"
_COLUMNS = schema(
    {"key": "string", "name": "string", "score": "integer", "seg": {"type": ["array", "string", "null"]}}
)["schema"]

_records = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["a", "b", "c", "A", "b "]),
            "seg": st.one_of(st.sampled_from(_SEGMENTS), st.lists(st.sampled_from(_SEGMENTS), min_size=1, max_size=2)),
        },
        optional={
            "name": st.sampled_from([None, "x", "y", _REFUSED, _TOO_LONG]),
            "score": st.integers(0, 1),
        },
    ),
    max_size=8,
)
_faults = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["reset", "status", "truncate"]),
            "when": st.sampled_from(["before", "after"]),
            "skip": st.integers(0, 8),
        }
    ),
    max_size=1,
)
_run = st.fixed_dictionaries(
    {
        "records": _records,
        "faults": _faults,
        "fails": st.booleans(),
        "batch_size_rows": st.integers(1, 6),
        "segment_batch_size_rows": st.integers(1, 6),
        "max_parallel_requests_per_list": st.sampled_from([1, 3]),
    }
)


class _Model:
    """What List and Segments hold, if every record is sent."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {}
        self.members: dict[str, set[str]] = {segment: set() for segment in _SEGMENTS}

    def run(self, records: list[dict[str, Any]]) -> None:
        """Load records."""
        for item in records:
            if item.get("name") in {_REFUSED, _TOO_LONG}:
                continue
            key = item["key"].casefold().rstrip(" ")
            row = self.rows.setdefault(key, [None, None])
            for index, column in enumerate(("name", "score")):
                row[index] = item.get(column, row[index])
            for segment in [item["seg"]] if isinstance(item["seg"], str) else item["seg"]:
                self.members[segment].add(key)


class _TapError(Exception):
    """Ends a run from outside."""


def _raise(_: object) -> dict[str, Any]:
    raise _TapError


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(runs=st.lists(_run, min_size=2, max_size=4))
def test_changes_end_as_everything_does(
    tenant: Tenant, tmp_path_factory: pytest.TempPathFactory, runs: list[dict[str, Any]]
) -> None:
    """After each run, List and Segments are as if all records had been sent.

    Whatever is refused, rejected, lost for a moment or cut short.
    """
    tenant.start_over()
    tenant.create_list(KEY="Text(9)", NAME="Text(3)", SCORE="Long")
    for segment in _SEGMENTS:
        tenant.create_segment(segment)
    path = tmp_path_factory.mktemp("snapshot") / "snapshot.db"
    model = _Model()
    for number, options in enumerate(runs):
        records, fails = options["records"], options["fails"] and number < len(runs) - 1
        config = {name: value for name, value in options.items() if name not in {"records", "faults", "fails"}}
        checked = Settings.from_config(
            tenant.config(segment_column="seg", changes_only=True, snapshot_path=str(path), max_rejects=100, **config)
        )
        for fault in options["faults"]:
            tenant.add_fault(**fault)
        model.run(records)
        with suppress(TargetSelligentError, _TapError), LoadRun(checked) as run:
            loader = run.open_stream("people", _COLUMNS, ["key"])
            loader.take(records)
            if fails:
                loader.take(map(_raise, [None]))
        tenant.clear_faults()
        held = {key.casefold().rstrip(" "): values for key, *values in tenant.rows("KEY", "NAME", "SCORE")}
        assert held == model.rows
        assert {
            segment: {key.casefold().rstrip(" ") for key in tenant.members(segment, "KEY", LIST)}
            for segment in _SEGMENTS
        } == model.members
