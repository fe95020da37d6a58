"""The table of settings: what users of the Treasure AI export know is there, and each setting is described."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.settings.table import DEFINITIONS, SETTINGS, create_config_schema
from tests.unit.config import REQUIRED, TREASURE_DEFAULTS


def test_every_treasure_setting_is_there() -> None:
    """The parameters of the Treasure AI export are settings here, by the same names."""
    names = {*REQUIRED, *TREASURE_DEFAULTS, "segment_column", "key_fields"}
    assert names <= DEFINITIONS.keys()


@pytest.mark.parametrize("definition", SETTINGS, ids=lambda definition: definition.name)
def test_every_setting_is_described(definition: Any) -> None:
    """Each setting has a title, a description that ends in a full stop, and a schema with its kind."""
    described = definition.to_json_schema()
    assert described["title"]
    assert described["description"].endswith(".")
    assert described["type"]
    assert definition.find_problem(definition.default) is None or definition.default is None
    assert described.get("secret", False) == (definition.name in {"api_key", "api_secret", "alert_url"})


def test_the_schema_requires_what_has_no_default() -> None:
    """The config schema requires exactly the settings without which nothing works."""
    assert set(create_config_schema()["required"]) == set(REQUIRED)
