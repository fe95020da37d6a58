"""Random runs that add, remove, delete and mirror, against a model of who is a member then."""

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

_KEYS = ["a", "b", "c", "d"]
_SEGMENTS = ["s", "t"]
_COLUMNS = schema({"key": "string", "seg": "string", "action": "string"})["schema"]

_records = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from([*_KEYS, "A", "b "]),
            "seg": st.sampled_from(_SEGMENTS),
            "action": st.sampled_from(["add", "remove"]),
            "deleted": st.sampled_from([False, False, True]),
        }
    ),
    max_size=12,
)
_runs = st.lists(_records, min_size=1, max_size=3)
_options = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["action_column", "mirror", "remove", "append"]),
        "deleted_records": st.sampled_from(["ignore", "leave_segments", "delete"]),
        "load_list": st.booleans(),
        "batch_size_rows": st.integers(1, 5),
        "segment_batch_size_rows": st.integers(1, 5),
        "changes_only": st.booleans(),
    }
)
_faults = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["reset", "status", "truncate"]),
            "when": st.sampled_from(["before", "after"]),
            "method": st.sampled_from(["*", "DELETE"]),
            "skip": st.integers(0, 6),
        }
    ),
    max_size=1,
)


class Model:
    """Who is in the List and in its Segments.

    Args:
        kind: How records join and leave.
        deleted_records: The setting.
        load_list: The setting. If it is false, one person is never in the List.
    """

    def __init__(self, kind: str, deleted_records: str, *, load_list: bool) -> None:
        self._kind = kind
        self._deleted_records = deleted_records
        self._load_list = load_list
        self.rows = set(_KEYS if load_list else _KEYS[:-1])
        self.members = {segment: {"a", "b"} for segment in _SEGMENTS}

    def run(self, records: list[dict[str, Any]]) -> None:
        """Load the records of one run; the last word on a key counts."""
        named: dict[str, set[str]] = {segment: set() for segment in _SEGMENTS}
        leaves: dict[tuple[str, str], bool] = {}
        deleted: dict[str, bool] = {}
        touched = set()
        for item in records:
            key, segment = item["key"].casefold().rstrip(" "), item["seg"]
            if item["deleted"]:
                if self._deleted_records != "ignore":
                    deleted[key] = True
                    touched.add(segment)
                continue
            touched.add(segment)
            leaves[segment, key] = self._leaves(item)
            if not leaves[segment, key]:
                deleted[key] = False
                named[segment].add(key)
                if self._load_list:
                    self.rows.add(key)
                if key in self.rows:
                    self.members[segment].add(key)
        if self._fails(named, touched):
            return
        self._remove({place for place, is_last in leaves.items() if is_last}, named, touched)
        self._delete({key for key, is_last in deleted.items() if is_last}, touched)

    def _fails(self, named: dict[str, set[str]], touched: set[str]) -> bool:
        """Return whether all members would leave because the run has named nobody. Then nobody leaves."""
        is_empty = self._kind == "mirror" and not any(named.values())
        return is_empty and any(self.members[segment] for segment in touched)

    def _remove(self, leaving: set[tuple[str, str]], named: dict[str, set[str]], touched: set[str]) -> None:
        for segment, key in leaving:
            self.members[segment].discard(key)
        for segment in touched if self._kind == "mirror" else ():
            self.members[segment] &= named[segment]

    def _leaves(self, item: dict[str, Any]) -> bool:
        return self._kind == "remove" or (self._kind == "action_column" and item["action"] == "remove")

    def _delete(self, keys: set[str], touched: set[str]) -> None:
        if self._deleted_records == "delete":
            self.rows -= keys
        for segment in touched if self._deleted_records == "leave_segments" else _SEGMENTS:
            self.members[segment] -= keys


@settings(
    max_examples=40,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(runs=_runs, options=_options, faults=_faults)
def test_members_are_who_the_model_says(
    tenant: Tenant,
    tmp_path_factory: pytest.TempPathFactory,
    runs: list[list[dict[str, Any]]],
    options: dict[str, Any],
    faults: list[dict[str, Any]],
) -> None:
    """After each run, whatever fails for a moment, List and Segments hold exactly who they should.

    With `changes_only` or without.
    """
    if not options["load_list"] and options["deleted_records"] == "delete":
        options["deleted_records"] = "leave_segments"
    model = Model(options["kind"], options["deleted_records"], load_list=options["load_list"])
    tenant.start_over(segment_load_inserts=True)
    tenant.create_list(KEY="Text(9)")
    tenant.load_rows("KEY", [[key] for key in sorted(model.rows)])
    for segment in _SEGMENTS:
        tenant.create_segment(segment)
        tenant.add_members(segment, "KEY", ["a", "b"])
    config = {name: value for name, value in options.items() if name != "kind"}
    config["snapshot_path"] = str(tmp_path_factory.mktemp("snapshot") / "snapshot.db")
    if options["kind"] == "action_column":
        config["action_column"] = "action"
    else:
        config["segment_data_import_option"] = options["kind"]
    checked = Settings.from_config(
        tenant.config(segment_column="seg", max_removals="100%", field_mapping={"action": None}, **config)
    )
    for records in runs:
        for fault in faults:
            tenant.add_fault(**fault)
        model.run(records)
        # A mirror without records fails the run and removes nobody, as the model has it.
        with suppress(TargetSelligentError), LoadRun(checked) as run:
            run.open_stream("people", _COLUMNS, ["key"]).take(
                {
                    **{name: item[name] for name in ("key", "seg", "action")},
                    **({"_sdc_deleted_at": "2026-01-01T00:00:00Z"} if item["deleted"] else {}),
                }
                for item in records
            )
        tenant.clear_faults()
        assert {key.casefold().rstrip(" ") for (key,) in tenant.rows("KEY")} == model.rows
        assert {
            segment: {key.casefold().rstrip(" ") for key in tenant.members(segment, "KEY", LIST)}
            for segment in _SEGMENTS
        } == model.members
