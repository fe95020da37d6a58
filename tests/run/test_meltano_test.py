"""The messages of `meltano config test`: the config is checked, and the test record goes nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import SECRET, record, records, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import FinishedRun, Message, Tenant

STREAM = "meltano_test_stream"
MESSAGES: list[Message] = [
    {
        "type": "SCHEMA",
        "stream": STREAM,
        "schema": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "name": {"type": "string"},
                "created_at": {"type": "string", "format": "date-time"},
            },
        },
        "key_properties": ["id"],
    },
    record({"id": 1, "name": "Meltano Test Record", "created_at": "2025-09-29T00:00:00Z"}, STREAM),
    state({"bookmarks": {STREAM: {"last_record": 1}}}),
    {"type": "ACTIVATE_VERSION", "stream": STREAM, "version": 1},
]
"""What Meltano 4 sends; the last one only to targets with the capability activate-version."""

QUICK_START: dict[str, Any] = {
    "segment_column": "selligent_segment",
    "key_fields": "CUSTOMER_IDENTIFIER",
    "create_segment_if_not_exists": True,
}


def meltano_accepts(run: FinishedRun) -> bool:
    """Return whether Meltano takes the test for passed: the exit code is 0, and no line has such a word."""
    output = (run.stdout + run.stderr).lower()
    return run.returncode == 0 and "error" not in output and "exception" not in output


def run_test(tenant: Tenant, messages: list[Message] | None = None, **settings: Any) -> FinishedRun:
    """Run the target as Meltano tests it. Nothing is written, and no STATE is printed."""
    done = tenant.run(messages or MESSAGES, **{**QUICK_START, **settings})
    assert {request["method"] for request in tenant.requests()} <= {"GET"}
    assert done.stdout == ""
    assert SECRET not in done.stderr
    return done


@pytest.fixture
def errors(tenant: Tenant) -> Tenant:
    """A tenant whose List has a name that Meltano would take for a failure if it were in the log."""
    tenant.create_list("error_list", CUSTOMER_IDENTIFIER="Text(20)")
    return tenant


def test_a_right_config_passes(errors: Tenant, tmp_path: Path) -> None:
    """The config of the quick start passes, although its List has no fields for the test record. It is no run."""
    paths: dict[str, Any] = {name: str(tmp_path / name) for name in ("report_path", "rejects_path")}
    assert meltano_accepts(run_test(errors, list_api_name="error_list", **paths))
    assert [path.name for path in tmp_path.iterdir() if path.stat().st_size] == []
    assert errors.rows("CUSTOMER_IDENTIFIER", list_api_name="error_list") == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api_secret": "another"}, ("key: ", "401", "api_key and api_secret")),
        ({"list_api_name": "missing"}, ("List missing: does not exist", "create_list_if_not_exists")),
        ({"key_fields": "KEY"}, ("key_fields KEY", "no such field", "CUSTOMER_IDENTIFIER")),
    ],
    ids=["secret", "List", "key"],
)
def test_a_wrong_config_fails(errors: Tenant, settings: dict[str, Any], words: tuple[str, ...]) -> None:
    """The last line, which Meltano shows, says what is wrong."""
    done = run_test(errors, **{"list_api_name": "error_list", **settings})
    line = done.error_line()
    assert [word for word in words if word not in line] == []
    assert not meltano_accepts(done)


def test_a_stream_of_this_name_can_be_loaded(tenant: Tenant) -> None:
    """An entry in `streams` says that the stream is meant; a stream that comes after others is one, too."""
    mapping = {"id": "CUSTOMER_IDENTIFIER", "created_at": None}
    settings: dict[str, Any] = {"create_list_if_not_exists": True, "field_mapping": mapping, "unlisted_streams": "load"}
    tenant.run(MESSAGES[:3], **settings, streams={STREAM: {}}).succeeded()
    assert tenant.rows("CUSTOMER_IDENTIFIER", "NAME") == [[1, "Meltano Test Record"]]
    first = [schema({"id": "integer", "name": "string"}, ["id"]), *records("id name", (2, "Ann"))]
    tenant.run([*first, *MESSAGES[:3]], **settings).succeeded()
    assert tenant.rows("CUSTOMER_IDENTIFIER") == [[1], [2]]
