"""Key, secret and customers' data appear in no output, and no Segment name leads to another endpoint."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.settings import Settings
from target_selligent.target import TargetSelligent
from tests.support import LIST, SECRET, FinishedRun, Message, Tenant, encode, record, run_target, schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MARK = "Wilhelmina-Mustermann-4711"
DEBUG = {"LOGLEVEL": "DEBUG", "TARGET_SELLIGENT_LOGLEVEL": "DEBUG"}
SCHEMA = schema({"key": "string", "name": {"type": ["string", "null"], "maxLength": 60}, "seg": "string"})
MESSAGES = [SCHEMA, record({"key": "k1", "name": MARK, "seg": "a"}), record({"key": "k2", "name": MARK, "seg": "b"})]


@dataclass(frozen=True)
class Failing:
    """A run that fails, at DEBUG.

    Args:
        fault: A fault rule, as JSON; empty for none.
        settings: Settings, as JSON.
        content: Standard input; none for a good one.
        options: Options of the emulator, as JSON.
    """

    fault: str = ""
    settings: str = "{}"
    content: bytes | None = None
    options: str = "{}"

    def __call__(self, tenant: Tenant) -> FinishedRun:
        """Run the command against it."""
        tenant.set_options(**json.loads(self.options))
        if self.fault:
            tenant.add_fault(**json.loads(self.fault))
        settings = {
            "create_list_if_not_exists": True,
            "create_segment_if_not_exists": True,
            "segment_column": "seg",
            "key_fields": "KEY",
            "request_timeout_seconds": 1,
            **json.loads(self.settings.replace("BASE", tenant.base_url.partition("://")[2])),
        }
        return run_target(tenant.config(**settings), self.content or encode(MESSAGES), env=DEBUG)


def _failing(**failing: Any) -> Failing:
    encoded: dict[str, Any] = {
        name: json.dumps(value) if isinstance(value, dict) else value for name, value in failing.items()
    }
    return Failing(**encoded)


_LOAD = {"path": "/data/load$"}
_FAILING = {
    **{f"status-{status}": _failing(fault={"kind": "status", "status": status, "times": 0} | _LOAD)
       for status in (302, 400, 401, 403, 405, 413, 415, 422)},
    **{f"passing-{kind}": _failing(fault={"kind": kind, "times": 2} | _LOAD)
       for kind in ("status", "reset", "hang", "truncate", "not_json", "busy")},
    "quota": _failing(fault={"kind": "quota", "seconds": 1} | _LOAD),
    "says-failed": _failing(fault={"kind": "result_code", "message": "who?", "times": 0} | _LOAD),
    "lists-cannot-be-made": _failing(options={"denied": ["List_CreateList"]}),
    "another-organization": _failing(settings={"organization": "another"}),
    "busy-for-too-long": _failing(fault={"kind": "busy", "times": 0}, settings={"busy_timeout_seconds": 0}),
    "no-certificate": _failing(settings={"base_url": "https://BASE"}),
    "not-safe": _failing(settings={"base_url": "http://selligent.example"}),
    "login-in-url": _failing(settings={"base_url": f"https://demo-key:{SECRET}@selligent.example"}),
    "wrong-type": _failing(settings={"batch_size_rows": "many", "api_key": 7}),
    "no-rejects-file": _failing(settings={"rejects_path": "/nowhere/rejects.jsonl"}),
    "broken-line": _failing(content=encode(MESSAGES) + b'{"type": "RECORD", "stream": "customers", "rec'),
    "no-schema": _failing(content=encode(MESSAGES[1:])),
    "no-records": _failing(content=encode([SCHEMA, record({"name": "x"})]), settings={"skip_invalid_records": False}),
}  # fmt: skip


_SUCCEEDING = [failing for name, failing in _FAILING.items() if name.startswith("passing-") or name == "quota"]
_WRONG_CONFIGS = [_FAILING[name] for name in ("not-safe", "login-in-url", "wrong-type")]


@pytest.mark.parametrize("case", [pytest.param(failing, id=name) for name, failing in _FAILING.items()])
def test_key_and_secret_are_in_no_output(case: Failing, outcome: FinishedRun) -> None:
    """Whatever fails, even at DEBUG no key, secret or traceback is printed."""
    assert outcome.returncode == (0 if case in _SUCCEEDING else 2 if case in _WRONG_CONFIGS else 1)
    assert "DEBUG" in outcome.stderr or case.settings != "{}"
    for line in outcome.stderr.splitlines():
        assert SECRET not in line
        assert "demo-key" not in line
    assert "Traceback" not in outcome.stderr


def test_key_and_secret_are_in_no_representation(tenant: Tenant) -> None:
    """No object that a crash could show holds the secret in its representation."""
    config = tenant.config()
    target = TargetSelligent(config=config)
    shown = [repr(thing) for thing in (Settings.from_config(config), target, target.settings, vars(target.run))]
    assert not [text for text in shown if SECRET in text or "demo-key" in text]


_BAD_RECORDS: list[Message] = [
    record({"key": "k1", "name": MARK * 3, "seg": "a"}),
    record({"key": "k2", "name": {"first": MARK}, "seg": "a"}),
    record({"key": None, "name": MARK, "seg": "a"}),
    record({"name": MARK, "seg": "a"}),
    record({"key": "k3", "name": MARK, "born": MARK, "seg": "a"}),
    record({"key": "k4", "name": MARK, "number": MARK, "seg": "a"}),
    record({"key": "k5", "name": MARK, "seg": f"../{MARK}"}),
    record({"key": "k6", "name": MARK, "seg": None}),
    record({"key": MARK * 2, "name": "x", "seg": "a"}),
    record({"key": "k8", "name": MARK, "seg": "a", "another": MARK}),
]
_ODD_LINES = {
    "broken": b'{"type": "RECORD", "stream": "customers", "record": {"name": "' + MARK.encode(),
    "unknown-type": f'{{"type": "PERSON", "record": "{MARK}"}}\n'.encode(),
    "no-record": f'{{"type": "RECORD", "stream": "customers", "name": "{MARK}"}}\n'.encode(),
    "list-as-record": f'{{"type": "RECORD", "stream": "customers", "record": ["{MARK}"]}}\n'.encode(),
    "text": MARK.encode() + b"\n",
    "good": b"",
}


@pytest.mark.parametrize("skip", [True, False], ids=["skip", "stop"])
@pytest.mark.parametrize("line", _ODD_LINES.values(), ids=_ODD_LINES)
def test_customers_data_are_in_no_log(tenant: Tenant, line: bytes, *, skip: bool) -> None:
    """At INFO and above, no log repeats a value of a record, whatever is wrong with it or with its line."""
    properties: dict[str, Any] = {
        "key": {"type": ["string", "null"], "maxLength": 40},
        "name": {"type": ["string", "null"], "maxLength": 30},
        "born": {"type": ["string", "null"], "format": "date"},
        "number": "integer",
        "seg": "string",
    }
    config = tenant.config(
        create_list_if_not_exists=True,
        create_segment_if_not_exists=True,
        segment_column="seg",
        key_fields="KEY",
        skip_invalid_records=skip,
    )
    described = schema(properties, keys=())
    for bad in [_BAD_RECORDS] if skip else [[bad] for bad in _BAD_RECORDS[::3]]:
        finished = run_target(config, encode([described, *bad]) + line)
        assert MARK not in finished.stderr
        assert "Traceback" not in finished.stderr


class _Elsewhere(BaseHTTPRequestHandler):
    """Another host, which notes its requests."""

    asked: list[tuple[str, Mapping[str, str]]]

    def __getattr__(self, name: str) -> Any:
        """Handle every method in the same way."""
        if name.startswith("do_"):
            return self.note
        raise AttributeError(name)

    def note(self) -> None:
        """Note the request."""
        self.asked.append((self.path, dict(self.headers)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[HTTPServer]:
    """Another host."""
    _Elsewhere.asked = []
    with HTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", ["/lists/[^/]+$", "/data/load$"], ids=["get", "load"])
def test_a_redirect_is_refused(tenant: Tenant, elsewhere: HTTPServer, status: int, path: str) -> None:
    """A redirect ends the run with one line; nothing, least of all the header, reaches another host."""
    tenant.create_list(KEY="Text(9)", NAME="Text(60)")
    location = f"http://127.0.0.1:{elsewhere.server_port}/lists"
    tenant.add_fault("status", status=status, path=path, times=0, headers={"Location": location})
    finished = run_target(tenant.config(), encode(_WITHOUT_SEGMENT))

    assert str(status) in finished.error_line()
    assert _Elsewhere.asked == []
    assert tenant.count_faults() == 1


_WITHOUT_SEGMENT = [schema({"key": "string", "name": "string"}), record({"key": "k1", "name": MARK})]


@pytest.mark.parametrize("tenant", ["http"], indirect=True)
def test_no_proxy_sees_what_goes_to_this_machine(tenant: Tenant, elsewhere: HTTPServer) -> None:
    """Calls to loopback, which are not encrypted, pass no proxy."""
    tenant.create_list(KEY="Text(9)", NAME="Text(60)")
    proxy = f"http://127.0.0.1:{elsewhere.server_port}"
    finished = run_target(
        tenant.config(), encode(_WITHOUT_SEGMENT), env={"http_proxy": proxy, "HTTP_PROXY": proxy, "all_proxy": proxy}
    )

    assert finished.returncode == 0, finished.stderr
    assert _Elsewhere.asked == []


_BENT = ["../../lists/x", "..", ".", "a/b?c#d", "%2e%2e", "..%2f..%2flists%2fx", "a b", "static", "x/data/clear",
         "good/records", "a;b",
         "\\..\\x", "a\r\nX-Evil: 1", "ü", " ", "a%00", "?", "#", "/", "//example.com/x"]  # fmt: skip


def test_a_bent_segment_name_reaches_no_other_endpoint(tenant: Tenant) -> None:
    """A Segment name that is a path, a query or an escape leads to no other endpoint; only its record is rejected."""
    tenant.create_list("x", KEY="Text(9)")
    tenant.load_rows("KEY", [["kept"]], "x")
    tenant.create_list(KEY="Text(9)", NAME="Text(60)")
    before = len(tenant.read_journal("requests"))
    messages = [record({"key": f"k{number}", "name": "n", "seg": name}) for number, name in enumerate(["good", *_BENT])]
    config = tenant.config(segment_column="seg", create_segment_if_not_exists=True)
    finished = run_target(config, encode([SCHEMA, *messages]))

    assert finished.returncode == 0, finished.stderr
    root = f"/Portal/Api/organizations/my_org/lists/{LIST}"
    requests = tenant.read_journal("requests")[before:]
    assert not [entry["path"] for entry in requests if not entry["path"].startswith(root)]
    assert {entry["method"] for entry in requests} == {"GET", "POST"}
    assert {frozenset(entry["query"]) for entry in requests if "/segments/" in entry["path"] and "load" not in
            entry["path"]} == {frozenset()}  # fmt: skip
    assert tenant.lists().keys() == {"x", LIST}
    assert tenant.rows("KEY", list_api_name="x") == [["kept"]]
    made = tenant.segments()
    assert set(made) == {"good", "static"} & set(made) | {"good"}
    assert ["k0", "n"] in tenant.rows("KEY", "NAME")
    assert len(tenant.rows("KEY")) == len(made)


_REJECT = {"type", "stream", "record", "reason", "field", "code", "segment", "list", "record_number", "time", "run_id"}


def test_the_rejects_file_is_kept_and_can_be_piped_back(tenant: Tenant, tmp_path: Path) -> None:
    """Rejects are appended to a file that only its owner can read, and can be loaded once their cause is fixed."""
    path = tmp_path / "rejects.jsonl"
    tenant.create_list(KEY="Text(9)", NAME="Text(5)")
    wide = schema({"key": "string", "name": {"type": ["string", "null"]}, "seg": "string"})
    messages = [
        wide,
        record({"key": "k1", "name": "short", "seg": "a"}),
        record({"key": "k2", "name": MARK, "seg": "a"}),
        record({"key": "k3", "name": "bent", "seg": "../x"}),
        {"type": "STATE", "value": {"position": 3}},
    ]
    config = tenant.config(segment_column="seg", create_segment_if_not_exists=True, rejects_path=str(path))
    runs = [run_target(config, encode(messages)) for _ in range(2)]

    messages_kept = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in messages_kept if line["type"] == "RECORD"]
    assert [line["type"] for line in messages_kept].count("SCHEMA") == 2
    assert [finished.returncode for finished in runs] == [0, 0]
    assert [finished.position for finished in runs] == [3, 3]
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(line["record_number"] for line in lines) == [2, 2, 3, 3]
    assert len({line["run_id"] for line in lines}) == 2
    assert all(set(line) == _REJECT for line in lines)
    assert [line["record"] for line in lines if line["record_number"] == 2] == [messages[2]["record"]] * 2

    again = {**config, "list_api_name": "mended", "create_list_if_not_exists": True, "rejects_path": None,
             "segment_column": None, "field_mapping": {"seg": None}}  # fmt: skip
    finished = run_target(again, path.read_bytes())
    assert finished.returncode == 0, finished.stderr
    assert sorted(tenant.rows("KEY", "NAME", list_api_name="mended")) == [["k2", MARK], ["k3", "bent"]]
