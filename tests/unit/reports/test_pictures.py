"""The pictures of a report."""

from __future__ import annotations

import re

from target_selligent.reports.pictures import draw_curves, draw_shares, highest
from target_selligent.reports.summary import Sample

SAMPLES = [Sample(5, 10, 0, 1), Sample(10, 20, 10, 2)]


def test_curves() -> None:
    """A curve starts at 0; the last moment is at the right, the highest value at the top."""
    curves = dict(re.findall(r'<polyline class="(\w+)" points="([^"]*)"', draw_curves(SAMPLES, ["read", "rejected"])))
    assert curves == {"read": "0.0,240.0 500.0,120.0 1000.0,0.0", "rejected": "0.0,240.0 500.0,228.0 1000.0,216.0"}
    assert highest(SAMPLES, ["acknowledged", "rejected"]) == 10


def test_curves_of_nothing() -> None:
    """A run without samples, or without records, has flat curves."""
    assert 'points="0.0,240.0"' in draw_curves([], ["read"])
    assert 'points="0.0,240.0 1000.0,240.0"' in draw_curves([Sample(0.1, 0, 0, 0)], ["read"])


def test_shares() -> None:
    """Parts stand side by side; one without a share is left out."""
    bar = draw_shares([("a", 0.25), ("b", 0), ("c", 0.75)])
    found = re.findall(r'class="(\w+)" x="([\d.]+%)" width="([\d.]+%)"', bar)
    assert found == [("a", "0.000%", "25.000%"), ("c", "25.000%", "75.000%")]
