"""Random streams and settings against a model of what a load means."""

from __future__ import annotations

import io
from typing import IO, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_selligent.target import TargetSelligent
from tests.support import LIST, Tenant, encode, record, schema

_KEYS = ["a", "b", "c", "ä", "a b", "0"]
_SPELLINGS = [*_KEYS, "A", "a ", "Ä"]
_SEGMENTS = ["s", "t", "u"]
_COLUMNS = {"key": "string", "name": "string", "score": "integer", "seg": {"type": ["array", "string", "null"]}}

_records = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(_SPELLINGS),
            "seg": st.one_of(st.none(), st.sampled_from(_SEGMENTS), st.lists(st.sampled_from(_SEGMENTS), max_size=3)),
        },
        optional={"name": st.one_of(st.none(), st.text("xyz", max_size=3)), "score": st.integers(-9, 9)},
    ),
    max_size=40,
)
_faults = st.lists(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["reset", "close", "status", "truncate"]),
         "when": st.sampled_from(["before", "after"]), "skip": st.integers(0, 12)}
    ),
    max_size=1,
)  # fmt: skip
_behaviour = st.fixed_dictionaries({"faults": _faults, "max_rows": st.sampled_from([None, 1, 3])})
_options = st.fixed_dictionaries(
    {
        "list_data_import_option": st.sampled_from(["InsertAndUpdate", "OnlyInsert", "OnlyUpdate"]),
        "segment_data_import_option": st.sampled_from(["append", "replace"]),
        "deduplication": st.sampled_from(["ImportLastMatch", "ImportFirstMatch"]),
        "batch_size_rows": st.integers(1, 12),
        "max_batch_size_rows": st.sampled_from([1, 12, 50]),
        "segment_batch_size_rows": st.integers(1, 12),
    }
)
_old = st.lists(st.sampled_from(_KEYS), unique=True)


def one_key(key: str) -> str:
    """Return the normal form of a key: the tenant treats all keys with this form as one."""
    return key.casefold().rstrip(" ")


def model(
    records: list[dict[str, Any]], options: dict[str, Any], old: list[str]
) -> tuple[dict[str, list[Any]], dict[str, set[str]]]:
    """Return the rows (name and score) and the members that a load of the records ends in."""
    rows: dict[str, list[Any]] = {key: ["old", 0] for key in old}
    members = {segment: set(old) for segment in _SEGMENTS}
    option, seen, cleared = options["list_data_import_option"], set(), set()
    taken = [item for item in records if item["seg"]]
    for item in taken:
        key = one_key(item["key"])
        again = key in seen and options["deduplication"] == "ImportFirstMatch"
        seen.add(key)
        if again or (option == "OnlyInsert" and key in old) or (option == "OnlyUpdate" and key not in old):
            continue
        row = rows.setdefault(key, [None, None])
        for index, column in enumerate(("name", "score")):
            row[index] = item.get(column, row[index])
    for item in taken:
        for segment in [item["seg"]] if isinstance(item["seg"], str) else item["seg"]:
            if options["segment_data_import_option"] == "replace" and segment not in cleared:
                cleared.add(segment)
                members[segment] = set()
            members[segment] |= {one_key(item["key"])} & rows.keys()
    return rows, members


@pytest.mark.parametrize("tenant", ["https", "http"], indirect=True)
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(records=_records, options=_options, behaviour=_behaviour, old=_old)
def test_a_load_means_what_the_model_says(
    tenant: Tenant,
    records: list[dict[str, Any]],
    options: dict[str, Any],
    behaviour: dict[str, Any],
    old: list[str],
) -> None:
    """With any records, settings and faults, List and Segments end as the model says."""
    tenant.start_over()
    tenant.create_list(KEY="Text(9)", NAME="Text(9)", SCORE="Long")
    tenant.load_rows("KEY,NAME,SCORE", [[key, "old", 0] for key in old])
    for segment in _SEGMENTS:
        tenant.create_segment(segment)
        tenant.add_members(segment, "KEY", old)
    tenant.set_options(max_rows=behaviour["max_rows"])
    for fault in behaviour["faults"]:
        tenant.add_fault(**fault)

    target = TargetSelligent(config=tenant.config(segment_column="seg", **options))
    content = io.BytesIO(encode([schema(_COLUMNS), *map(record, records)]))
    target.process_lines(cast("IO[str]", content))
    target.process_endofpipe()

    tenant.clear_faults()
    rows, members = model(records, options, old)
    held = [[one_key(key), *values] for key, *values in tenant.rows("KEY", "NAME", "SCORE")]
    assert sorted(held, key=str) == sorted([[key, *row] for key, row in rows.items()], key=str)
    found = {segment: tenant.members(segment, "KEY", LIST) for segment in _SEGMENTS}
    assert {segment: sorted(map(one_key, keys)) for segment, keys in found.items()} == {
        segment: sorted(keys) for segment, keys in members.items()
    }
