"""Names and limits, as text stands for them."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.settings.values import Limit, parse_limit, parse_names


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("A", ("A",)),
        ("A,B", ("A", "B")),
        (" A , B ,", ("A", "B")),
        (["A", " B "], ("A", "B")),
        ('["A", "B"]', ("A", "B")),
        ("[A, B", ("[A", "B")),
        ("", ()),
        ([], ()),
    ],
    ids=str,
)
def test_names(given: Any, wanted: tuple[str, ...]) -> None:
    """Names come as an array, as comma-separated text, or as a JSON array in text."""
    assert parse_names(given) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0", Limit(count=0)),
        (" 100 ", Limit(count=100)),
        ("0.5%", Limit(share=0.005)),
        ("100%", Limit(share=1.0)),
    ],
    ids=str,
)
def test_reject_limits(text: str, wanted: Limit) -> None:
    """A limit is a number, or a share of all records."""
    assert parse_limit(text) == wanted


@pytest.mark.parametrize("text", ["", "%", "x%", "nan%", "-1", "1.5", "1e3", "²"])
def test_no_reject_limits(text: str) -> None:
    """Anything else is none."""
    with pytest.raises(ValueError, match=r"."):
        parse_limit(text)
