"""Selligent may quote what was sent to it: none of that is in a log, at any level, and the reason stays readable."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import SECRET, FinishedRun, Tenant, encode, record, run_target, schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEBUG = {"LOGLEVEL": "DEBUG", "TARGET_SELLIGENT_LOGLEVEL": "DEBUG"}
PERSON = {
    "key": "K-4711-0815",
    "name": "Wilhelmina Mustermann",
    "born": "1969-07-20T20:17:40+02:00",
    "mail": "Wilhelmina@Mustermann.example",
    "address": {"street": "Hauptallee", "lines": ["Stiege-IX"]},
    "amount": 98765.25,
    "seg": "vip",
}
SCHEMA = schema(
    {
        "key": {"type": "string", "maxLength": 40},
        "name": "string",
        "born": {"type": "string", "format": "date-time"},
        "mail": "string",
        "address": {"type": "object"},
        "amount": "number",
        "seg": "string",
    }
)
QUOTES = [
    "K-4711-0815", "k-4711-0815", "Wilhelmina", "MUSTERMANN", "wilhelmina@mustermann.example", "Hauptallee",
    "stiege-ix", "98765.25", "98765,25", "1969-07-20T18:17:40Z", "7/20/1969 6:17:40 PM", SECRET, "demo-key",
]  # fmt: skip
MESSAGE = "The value in this field is not valid: " + ", ".join(f"{quote} or '{quote}'" for quote in QUOTES)


@dataclass(frozen=True)
class Quoting:
    """A run in which Selligent's answers quote what was sent; faults are rules as JSON."""

    fault: str

    def __call__(self, tenant: Tenant) -> FinishedRun:
        """Run the command against it."""
        tenant.add_fault(**json.loads(self.fault))
        config = tenant.config(
            create_list_if_not_exists=True,
            create_segment_if_not_exists=True,
            segment_column="seg",
            field_mapping={"mail": "E_MAIL"},
            request_timeout_seconds=5,
        )
        others = [record({**PERSON, "key": f"other-{number}", "name": "x"}) for number in range(3)]
        return run_target(config, encode([SCHEMA, record(PERSON), *others]), env=DEBUG)


def _cases() -> Iterator[Any]:
    for place, path in (("list", "/contacts/data/load$"), ("segment", "/segments/vip/data/load$")):
        rules: dict[str, dict[str, Any]] = {
            **{
                f"status-{status}": {"kind": "status", "status": status, "times": 0}
                for status in (400, 401, 403, 404, 422)
            },
            "passing-503": {"kind": "status", "status": 503, "times": 2},
            "failed": {"kind": "result_code", "result_code": "Failed", "times": 0},
            "passing-failure": {"kind": "result_code", "result_code": "InternalServerError", "times": 1},
            "refused": {"kind": "partial", "rows": [0], "field_name": "E_MAIL", "times": 1},
        }
        for name, rule in rules.items():
            yield pytest.param(Quoting(json.dumps({**rule, "path": path, "message": MESSAGE})), id=f"{place}-{name}")


@pytest.mark.parametrize("case", list(_cases()))
def test_what_selligent_quotes_is_in_no_log(case: Quoting, outcome: FinishedRun) -> None:
    """Errors, warnings of retries and of rejected records hold the reason and the field, and nothing that was sent."""
    said = [line for line in outcome.stderr.splitlines() if "in this field is not valid" in line]
    assert said, (case, outcome.stderr)
    for quote in (*QUOTES, "Wilhelmina", "Mustermann", "4711", "Stiege"):
        assert not [line for line in said if quote.casefold() in line.casefold()], (quote, outcome.stderr)
    assert "Traceback" not in outcome.stderr


def test_the_rejects_file_has_what_was_said(tenant: Tenant, tmp_path: Path) -> None:
    """The rejects file, which only its owner can read, holds the whole reason."""
    tenant.create_list(KEY="Text(40)", E_MAIL="Text(60)")
    tenant.add_fault("partial", path="/contacts/data/load$", rows=[0], message=MESSAGE)
    path = tmp_path / "rejects.jsonl"
    config = tenant.config(field_mapping={"mail": "E_MAIL"}, rejects_path=str(path))
    described = schema({"key": "string", "mail": "string"})
    finished = run_target(config, encode([described, record({"key": PERSON["key"], "mail": PERSON["mail"]})]))
    finished.error_line()
    assert MESSAGE in path.read_text(encoding="utf-8")
