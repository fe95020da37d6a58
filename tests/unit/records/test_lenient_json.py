"""JSON that breaks the standard is decoded, so that only the record at fault is rejected."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from target_selligent.records.lenient_json import loads


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "\\ud800"}', {"a": "\ud800"}),
        (b'{"a": "\xed\xa0\x80"}', {"a": "\ud800"}),
        (b'{"a": -Infinity}', {"a": -math.inf}),
        (b"[" + b"9" * 5000 + b"]", [math.inf]),
    ],
    ids=["byte order mark", "escaped surrogate", "raw surrogate", "infinity", "very long number"],
)
def test_lines_that_are_almost_json(line: bytes, expected: Any) -> None:
    """These lines are not strict JSON, but are decoded."""
    assert loads(line) == expected


def test_nan() -> None:
    """NaN is decoded to NaN."""
    assert math.isnan(loads(b"NaN"))


@pytest.mark.parametrize(("exact", "expected"), [(True, Decimal("0.10000000000000000001")), (False, 0.1)])
def test_digits(exact: bool, expected: object) -> None:  # noqa: FBT001 - a case
    """A number keeps all of its digits on demand."""
    assert loads(b"0.10000000000000000001", exact=exact) == expected


@pytest.mark.parametrize("line", [b"", b"{", b"\xff", b"{'a': 1}"], ids=repr)
def test_lines_that_are_not_json(line: bytes) -> None:
    """Other lines raise ValueError."""
    with pytest.raises(ValueError, match=r"."):
        loads(line)
