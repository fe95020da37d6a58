"""A config that is complete, for tests that need settings."""

from __future__ import annotations

from typing import Any

from target_selligent.settings.settings import Settings

REQUIRED: dict[str, Any] = {
    "base_url": "https://customer.slgnt.eu",
    "api_key": "key",
    "api_secret": "hidden-secret",
    "organization": "my_org",
    "list_api_name": "contacts",
}
TREASURE_DEFAULTS: dict[str, Any] = {
    "create_list_if_not_exists": False,
    "list_data_import_option": "InsertAndUpdate",
    "create_segment_if_not_exists": False,
    "segment_data_import_option": "append",
    "deduplication": "ImportLastMatch",
    "error_handling": "ContinueOnError",
    "mode": "Sync",
    "skip_invalid_records": True,
}
"""The defaults of the Treasure AI export."""


def settings_with(**changes: Any) -> Settings:
    """Return the settings of a config that is complete, with some changes."""
    return Settings.from_config({**REQUIRED, **changes})
