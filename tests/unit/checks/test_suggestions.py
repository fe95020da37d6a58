"""Fields that are probably meant by columns."""

from __future__ import annotations

import pytest

from target_selligent.checks.suggestions import suggest_fields


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("mail", "MAIL"),
        ("first_name", "FirstName"),
        ("FIRSTNAME", "FirstName"),
        ("frist_name", "FirstName"),
        ("phone", None),
        ("id", None),
    ],
)
def test_the_field_that_is_meant(column: str, field: str | None) -> None:
    """Case and separators do not count, and typing errors are seen; nothing is made up."""
    assert suggest_fields([column], ["MAIL", "FirstName", "KEY"]).get(column) == field


def test_a_field_is_suggested_once() -> None:
    """Two columns must not become the same field."""
    assert suggest_fields(["MAIL", "mail"], ["MAIL"]) == {"MAIL": "MAIL"}
