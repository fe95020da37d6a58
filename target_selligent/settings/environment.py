"""Reads settings from texts, as `TARGET_SELLIGENT_…` environment variables contain them. Pure; no I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from target_selligent.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX = "TARGET_SELLIGENT_"

_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_EXPECTED = {
    "boolean": "true or false",
    "integer": "a whole number",
    "object": "a JSON object",
    "array": "a JSON array",
}


def read_environment(environment: Mapping[str, str], properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Read settings from environment variables.

    Args:
        environment: The names and values of environment variables.
        properties: The names of the settings and their JSON Schemas.

    Returns:
        The names and values of the settings. Blank variables are ignored.

    Raises:
        SettingsError: If the text of a variable does not have the type of its setting. The error names all of them.
    """
    texts = {name: environment.get(PREFIX + name.upper(), "") for name in properties}
    return parse_texts(
        texts, properties, lambda name, expected: f"environment variable {PREFIX}{name.upper()} must be {expected}"
    )


def parse_texts(
    texts: Mapping[str, str], properties: Mapping[str, Mapping[str, Any]], describe: Callable[[str, str], str]
) -> dict[str, Any]:
    """Return settings that came as texts.

    Args:
        texts: The names of settings, and their texts.
        properties: The names of the settings and their JSON Schemas.
        describe: Returns what is wrong, for the name of a setting and for what its text must be.

    Returns:
        The names and values of the settings. Blank texts are ignored.

    Raises:
        SettingsError: If a text does not have the type of its setting. The error names all of them, without the texts.
    """
    config: dict[str, Any] = {}
    problems = []
    for name, text in texts.items():
        if not text.strip():
            continue
        type_or_types = properties[name].get("type", "string")
        types = type_or_types if isinstance(type_or_types, list) else [type_or_types]
        try:
            config[name] = _parse_value(text, types)
        except ValueError:
            expected = next((_EXPECTED[kind] for kind in _EXPECTED if kind in types), "text")
            problems.append(describe(name, expected))
    if problems:
        raise SettingsError(problems)
    return config


def _parse_value(text: str, types: list[str]) -> object:
    """Return a text as a value of one of the types. Text is returned unchanged if it is one of them.

    Raises:
        ValueError: If the text has another type.
    """
    if "string" in types:
        return text
    if "boolean" in types:
        value = _BOOLEANS.get(text.strip().lower())
        if value is None:
            raise ValueError("not a Boolean")
        return value
    if "integer" in types:
        return int(text)
    return json.loads(text)
