"""The form of a report as JSON."""

from __future__ import annotations

import msgspec

from target_selligent.reports.summary import VERSION, RunSummary

from .example import summary


def test_a_report_as_json() -> None:
    """It can be read back, and says which version of the form it has."""
    written = summary().to_json()
    assert msgspec.json.decode(written, type=RunSummary) == summary()
    assert msgspec.json.decode(written)["version"] == VERSION == 1
    assert written.endswith(b"}\n")
