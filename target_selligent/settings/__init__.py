"""What a setting is, and the checked settings of one run. Pure."""

from __future__ import annotations

from target_selligent.settings.definition import MAX_TEXT_LENGTH, SettingDefinition
from target_selligent.settings.environment import parse_texts, read_environment
from target_selligent.settings.field_types import NamedType
from target_selligent.settings.list_settings import ListSettings
from target_selligent.settings.relations import Relation
from target_selligent.settings.settings import Settings, find_faker_problems, find_unknown_settings
from target_selligent.settings.stream_entries import find_entries, is_pattern, matches
from target_selligent.settings.stream_settings import StreamSettings
from target_selligent.settings.table import DEFINITIONS, SETTINGS, create_config_schema
from target_selligent.settings.templates import Template
from target_selligent.settings.values import Limit

__all__ = [
    "DEFINITIONS",
    "MAX_TEXT_LENGTH",
    "SETTINGS",
    "Limit",
    "ListSettings",
    "NamedType",
    "Relation",
    "SettingDefinition",
    "Settings",
    "StreamSettings",
    "Template",
    "create_config_schema",
    "find_entries",
    "find_faker_problems",
    "find_unknown_settings",
    "is_pattern",
    "matches",
    "parse_texts",
    "read_environment",
]
