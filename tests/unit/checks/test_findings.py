"""Findings as text and as JSON."""

from __future__ import annotations

import json

from target_selligent.checks.findings import Finding, render_json, render_text

RIGHT = Finding("ok", "key", "it is right")
WRONG = Finding("wrong", "List contacts", "does not exist", "create it")


def test_as_text() -> None:
    """Each finding is one line, in columns; the last line is the result."""
    assert list(render_text([RIGHT, WRONG])) == [
        "ok      key            it is right",
        "wrong   List contacts  does not exist -> create it",
        "1 of 2 findings are wrong: a run would fail",
    ]
    assert list(render_text([RIGHT]))[-1] == "Nothing is wrong"


def test_as_json() -> None:
    """A program gets all parts of each finding, and whether all is well."""
    assert json.loads(render_json([RIGHT, WRONG])) == {
        "ok": False,
        "findings": [
            {"status": "ok", "subject": "key", "message": "it is right", "advice": ""},
            {"status": "wrong", "subject": "List contacts", "message": "does not exist", "advice": "create it"},
        ],
    }
    assert json.loads(render_json([RIGHT]))["ok"] is True
