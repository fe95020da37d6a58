"""Settings from `TARGET_SELLIGENT_…` environment variables, which can only hold text. Pure; no I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from target_selligent.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "TARGET_SELLIGENT_"

_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_WANTED = {"boolean": "true or false", "integer": "a whole number", "object": "a JSON object", "array": "a JSON array"}


def read_environment(environment: Mapping[str, str], properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Read the settings that are in the environment.

    Args:
        environment: Names to values of environment variables.
        properties: Setting names to their JSON Schemas.

    Returns:
        Setting names to typed values; blank ones are left out.

    Raises:
        SettingsError: Naming every variable whose text is not of its setting's type.
    """
    config: dict[str, Any] = {}
    problems = []
    for name, schema in properties.items():
        variable = PREFIX + name.upper()
        text = environment.get(variable, "")
        if not text.strip():
            continue
        kinds = schema.get("type", "string")
        try:
            config[name] = _value(text, kinds if isinstance(kinds, list) else [kinds])
        except ValueError:
            wanted = next((_WANTED[kind] for kind in _WANTED if kind in kinds), "text")
            problems.append(f"environment variable {variable} must be {wanted}")
    if problems:
        raise SettingsError(problems)
    return config


def _value(text: str, kinds: list[str]) -> object:
    """Return the text as a value of the first of the kinds that is not text; as it is where text will do."""
    if "string" in kinds:
        return text
    if "boolean" in kinds:
        value = _BOOLEANS.get(text.strip().lower())
        if value is None:
            raise ValueError(text)
        return value
    if "integer" in kinds:
        return int(text)
    return json.loads(text)
