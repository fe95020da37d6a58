"""The order in which several DataFrames are written."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.errors import SettingsError
from target_selligent.spark.order import arrange
from tests.unit.config import REQUIRED

RELATION = {"list": "contacts", "scope": "orders", "field": "CONTACT", "related_field": "KEY"}
CONFIG: dict[str, Any] = {
    **REQUIRED,
    "key_fields": "KEY",
    "streams": {
        "orders": {"list_api_name": "Orders", "relation": RELATION},
        "people": {},
        "goods": {"list_api_name": "goods"},
        "old_orders": {"list_api_name": "orders", "relation": RELATION},
        "leavers": {"deleted_records": "delete"},
    },
}


def test_parents_come_first_and_a_list_is_written_once_at_a_time() -> None:
    """Streams of one List are written one after the other, in their order. All writes share the quota."""
    waves, calls = arrange(["orders", "people", "goods", "old_orders"], CONFIG, {}, 3)
    assert waves == [[["people"], ["goods"]], [["orders", "old_orders"]]]
    assert calls == 833
    assert arrange([], CONFIG, {}, 1) == ([], 2500)


def test_secrets_are_left_to_the_driver() -> None:
    """With Spark Connect, the program does not have them."""
    config = {name: value for name, value in CONFIG.items() if name not in {"api_key", "api_secret"}}
    assert arrange(["people"], config, {}, 1) == ([[["people"]]], 2500)


def test_all_writes_are_checked_before_the_first() -> None:
    """A config that cannot be used for one of them is refused."""
    with pytest.raises(SettingsError, match="deleted_records delete cannot be used with Spark"):
        arrange(["people", "leavers"], CONFIG, {}, 2)
    with pytest.raises(SettingsError, match="lists_at_a_time must be at least 1"):
        arrange(["people"], CONFIG, {}, 0)
