"""What a setting is, and the checked settings of one run. Pure."""

from __future__ import annotations

from target_selligent.settings.environment import read_environment
from target_selligent.settings.settings import RejectLimit, Settings, find_faker_problems, find_unknown_settings
from target_selligent.settings.table import (
    DEFINITIONS,
    MAX_TEXT_LENGTH,
    SETTINGS,
    SettingDefinition,
    create_config_schema,
)

__all__ = [
    "DEFINITIONS",
    "MAX_TEXT_LENGTH",
    "SETTINGS",
    "RejectLimit",
    "SettingDefinition",
    "Settings",
    "create_config_schema",
    "find_faker_problems",
    "find_unknown_settings",
    "read_environment",
]
