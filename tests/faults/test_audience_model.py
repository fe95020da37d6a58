"""Random runs that add, remove, delete, mirror and activate versions, against a model of who is a member then."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_selligent.errors import TooManyRemovalsError
from target_selligent.target import TargetSelligent
from tests.support import LIST, encode, record, schema

if TYPE_CHECKING:
    from tests.support import Message, Tenant

_KEYS = ["a", "b", "c", "d"]
_SEGMENTS = ["s", "t"]
_COLUMNS = {"key": "string", "seg": "string", "action": "string"}

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
_runs = st.lists(
    st.fixed_dictionaries(
        {
            "records": _records,
            # How many records come before the first of the newest version; None: no record has a version.
            "older": st.one_of(st.none(), st.just(0), st.integers(0, 6)),
            "activated": st.sampled_from(["never", "first", "last", "both"]),
        }
    ),
    min_size=1,
    max_size=3,
)
_options = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["action_column", "mirror", "remove", "append"]),
        "deleted_records": st.sampled_from(["ignore", "leave_segments", "delete"]),
        "load_list": st.booleans(),
        "mirrored_segments": st.sampled_from([[], ["t"]]),
        "batch_size_rows": st.integers(1, 5),
        "segment_batch_size_rows": st.integers(1, 5),
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


def one_key(key: str) -> str:
    """Return the normal form of a key: all keys with this form are the same."""
    return key.casefold().rstrip(" ")


@dataclass
class _Said:
    """What the records of one run say.

    Args:
        touched: The Segments of the stream.
    """

    touched: set[str]
    added: set[tuple[str, str]] = field(default_factory=set)
    named: set[tuple[str, str]] = field(default_factory=set)
    leaves: dict[tuple[str, str], bool] = field(default_factory=dict)
    deleted: dict[str, bool] = field(default_factory=dict)

    @property
    def named_keys(self) -> set[str]:
        """The keys that any record names, except by a mark of deletion."""
        return {key for _, key in self.named}


class Model:
    """Who is in the List and in its Segments.

    Args:
        options: The settings.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._kind: str = options["kind"]
        self._deletes: str = options["deleted_records"]
        self._load_list, self._mirrored = options["load_list"], options["mirrored_segments"]
        # Without loads of the List, one person is never in it.
        self.rows = set(_KEYS if self._load_list else _KEYS[:-1])
        self.members = {segment: {"a", "b"} for segment in _SEGMENTS}

    def run(self, run: dict[str, Any]) -> bool:
        """Load the records of one run; return whether it fails because of who would leave. Then nobody leaves."""
        left_behind, superseded = self._judge_version(run)
        said = _Said(set(self._mirrored))
        for number, item in enumerate(run["records"]):
            self._take(said, item, is_old=number < superseded)
        # Whom the last record of all removes is named, too. Nobody else is named by a record of an older version.
        unnamed = {segment: set[str]() for segment in _SEGMENTS}
        gone = set[str]()
        if self._kind == "mirror":
            named = said.named
            unnamed = {one: {key for key in self.members[one] if (one, key) not in named} for one in said.touched}
        elif left_behind and self._deletes == "leave_segments":
            unnamed = {one: self.members[one] - said.named_keys for one in said.touched}
        if left_behind and self._deletes == "delete":
            gone = self.rows - said.named_keys - said.deleted.keys()
        if any(unnamed.values()) and not said.added:
            return True
        for segment, key in (place for place, is_last in said.leaves.items() if is_last):
            self.members[segment].discard(key)
        for segment, keys in unnamed.items():
            self.members[segment] -= keys
        self._delete(gone | {key for key, is_last in said.deleted.items() if is_last}, said.touched)
        return False

    def _judge_version(self, run: dict[str, Any]) -> tuple[bool, int]:
        """Return whether a version leaves records behind, and how many of the first records are of an older one."""
        older, alive = run["older"], [not item["deleted"] for item in run["records"]]
        if older is None or run["activated"] == "never" or self._deletes == "ignore" or self._kind == "remove":
            return False, 0
        is_read = any(alive[older:])
        return is_read, older if is_read else 0

    def _take(self, said: _Said, item: dict[str, Any], *, is_old: bool) -> None:
        key, segment = one_key(item["key"]), item["seg"]
        if item["deleted"]:
            if self._deletes != "ignore":
                said.deleted[key] = True
                said.touched.add(segment)
            return
        said.touched.add(segment)
        said.leaves[segment, key] = self._leaves(item) or (is_old and said.leaves.get((segment, key), False))
        if self._leaves(item):
            said.named.add((segment, key))
            return
        said.added.add((segment, key))
        if not is_old:
            said.deleted[key] = False
            said.named.add((segment, key))
        if self._load_list:
            self.rows.add(key)
        if key in self.rows:
            self.members[segment].add(key)

    def _leaves(self, item: dict[str, Any]) -> bool:
        return self._kind == "remove" or (self._kind == "action_column" and item["action"] == "remove")

    def _delete(self, keys: set[str], touched: set[str]) -> None:
        if self._deletes == "delete":
            self.rows -= keys
        for segment in touched if self._deletes == "leave_segments" else _SEGMENTS:
            self.members[segment] -= keys


def messages(run: dict[str, Any]) -> list[Message]:
    """Return what the tap sends."""
    activate = {"type": "ACTIVATE_VERSION", "stream": "people", "version": 2}
    sent: list[Message] = [schema(_COLUMNS, stream="people")]
    sent += [activate] * (run["activated"] in {"first", "both"})
    for number, item in enumerate(run["records"]):
        values = {name: item[name] for name in _COLUMNS}
        message = record(values | ({"_sdc_deleted_at": "2026-01-01T00:00:00Z"} if item["deleted"] else {}), "people")
        if run["older"] is not None:
            message["version"] = 1 if number < run["older"] else 2
        sent.append(message)
    return sent + [activate] * (run["activated"] in {"last", "both"})


def config_of(options: dict[str, Any]) -> dict[str, Any]:
    """Return the settings."""
    config = {name: value for name, value in options.items() if name != "kind"}
    if options["kind"] == "action_column":
        config["action_column"] = "action"
    else:
        config["segment_data_import_option"] = options["kind"]
    return {"segment_column": "seg", "max_removals": "100%", "field_mapping": {"action": None}, **config}


@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(runs=_runs, options=_options, faults=_faults)
def test_members_are_who_the_model_says(
    tenant: Tenant, runs: list[dict[str, Any]], options: dict[str, Any], faults: list[dict[str, Any]]
) -> None:
    """After each run, whatever fails for a moment, List and Segments hold exactly who they should."""
    if not options["load_list"] and options["deleted_records"] == "delete":
        options["deleted_records"] = "leave_segments"
    if options["kind"] != "mirror" and options["deleted_records"] != "leave_segments":
        options["mirrored_segments"] = []
    model = Model(options)
    tenant.start_over(segment_load_inserts=True)
    tenant.create_list(KEY="Text(9)")
    tenant.load_rows("KEY", [[key] for key in sorted(model.rows)])
    for segment in _SEGMENTS:
        tenant.create_segment(segment)
        tenant.add_members(segment, "KEY", ["a", "b"])
    config = tenant.config(**config_of(options))
    for run in runs:
        for fault in faults:
            tenant.add_fault(**fault)
        fails = False
        try:
            target = TargetSelligent(config=config)
            target.process_lines(cast("IO[str]", io.BytesIO(encode(messages(run)))))
            target.process_endofpipe()
        except TooManyRemovalsError:
            fails = True
        tenant.clear_faults()
        assert fails == model.run(run)
        assert {one_key(key) for (key,) in tenant.rows("KEY")} == model.rows
        found = {segment: set(map(one_key, tenant.members(segment, "KEY", LIST))) for segment in _SEGMENTS}
        assert found == model.members
