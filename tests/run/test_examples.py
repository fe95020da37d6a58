"""Each folder of `examples/`: its runs, one after the other, end as its files of expected states say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support import Tenant

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FOLDERS = sorted({path.parent for path in EXAMPLES.rglob("*.jsonl")})
_NOT_SHOWN = {"ID", "CREATED_DT", "MODIFIED_DT"}
_LOGIN = ("base_url", "api_key", "api_secret", "organization")


def config_of(run: Path) -> dict[str, Any]:
    """Return the config of a run: its own, or that of its folder."""
    own = run.with_suffix(".config.json")
    path = own if own.exists() else run.with_name("config.json")
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return config


def read_end_state(tenant: Tenant) -> dict[str, Any]:
    """Return what the Lists hold: types, records without empty fields, the keys in each Segment, and relations."""
    state = {}
    for name, kind in tenant.lists().items():
        known = tenant.call_api("GET", f"/lists/{name}/fields")["fields"]
        fields = [field["name"] for field in known if field["name"] not in _NOT_SHOWN]
        rows = [dict(zip(fields, row, strict=True)) for row in tenant.rows(*fields, list_api_name=name)]
        numbers = [number for (number,) in tenant.rows("ID", list_api_name=name)]
        records = [{field: value for field, value in row.items() if value is not None} for row in rows]
        # The first field of our own is the key; a record without it is named by the next one.
        own = list(tenant.fields(name))
        keys = {
            number: next(row[field] for field in own if field in row)
            for number, row in zip(numbers, records, strict=True)
        }
        state[name] = {
            "type": kind,
            "fields": tenant.fields(name),
            "records": records,
            "segments": {
                segment: sorted(keys[number] for number in tenant.members(segment, "ID", name))
                for segment in sorted(tenant.segments(name))
            },
            "relations": [
                tenant.call_api("GET", f"/lists/{name}/relations/{relation['scope']}")
                for relation in tenant.call_api("GET", f"/lists/{name}/relations")["relations"]
            ],
        }
    return state


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_example(tenant: Tenant, folder: Path) -> None:
    """Each run of an example ends well, and leaves what its file says: Lists, fields, records, members, relations."""
    for run in sorted(folder.glob("*.jsonl")):
        config = {name: value for name, value in config_of(run).items() if name not in _LOGIN}
        tenant.run(run.read_bytes(), **config).succeeded()
        expected = json.loads(run.with_suffix(".expected.json").read_text(encoding="utf-8"))
        assert read_end_state(tenant) == expected, run.name
