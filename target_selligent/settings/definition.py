"""What a setting is: its name, type, default and text, and the checks of its value. Pure; no I/O."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["string", "integer", "boolean", "object", "values", "names", "limit", "streams"]

MAX_TEXT_LENGTH = 4000
"""Maximum length of a `Text` field, in characters. A longer field is a `LongText` field."""


_TYPES_OF_VALUES: dict[str, Any] = {
    "object": ["string", "null"],
    "values": ["string", "number", "boolean", "null"],
    "streams": "object",
}
"""For the kinds that are objects, the JSON types of what they hold."""


@dataclass(frozen=True, slots=True)
class SettingDefinition:
    """One setting, as users see it.

    Args:
        name: The key in the config.
        kind: The type of the value. `names` is comma-separated text or an array of strings, `limit` is a number or a
            percentage, and `streams` is an object with settings for each stream.
        title: Two or three words.
        description: What it does, as one or more sentences.
        default: The value if the config has none.
        required: Whether the config must have it.
        secret: Whether it must never be shown.
        options: All allowed values; empty if any value of the kind is allowed.
        minimum: The smallest allowed integer.
        maximum: The largest allowed integer.
    """

    name: str
    kind: Kind
    title: str
    description: str
    default: Any = None
    required: bool = False
    secret: bool = False
    options: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None

    def to_json_schema(self) -> dict[str, Any]:
        """Return the setting as a property of a JSON Schema, as the SDK needs it."""
        types = {
            "names": ["string", "array"],
            "limit": ["string", "integer"],
            "streams": ["object"],
            "values": ["object"],
        }.get(self.kind, [self.kind])
        if not self.required:
            types = [*types, "null"]
        schema: dict[str, Any] = {"type": types, "title": self.title, "description": self.description}
        if self.kind == "names":
            schema["items"] = {"type": "string"}
        if self.kind in _TYPES_OF_VALUES:
            schema["additionalProperties"] = {"type": _TYPES_OF_VALUES[self.kind]}
        if self.options:
            schema["enum"] = [*self.options, *([] if self.required else [None])]
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        if self.default is not None:
            schema["default"] = self.default
        if self.secret:
            schema |= {"secret": True, "writeOnly": True}
        return schema

    def find_problem(self, value: object) -> str | None:
        """Return what is wrong with a value, without repeating the value; None if it is valid.

        Args:
            value: The value in a config; not None.
        """
        expected, fits = {
            "string": ("text", isinstance(value, str)),
            "integer": ("a whole number", isinstance(value, int) and not isinstance(value, bool)),
            "boolean": ("true or false", isinstance(value, bool)),
            "object": ("an object", isinstance(value, dict)),
            "values": (
                "an object of texts, numbers, true, false or null",
                isinstance(value, dict)
                and all(one is None or isinstance(one, (str, int, float)) for one in value.values()),
            ),
            "streams": (
                "an object of objects",
                isinstance(value, dict) and all(isinstance(own, dict) for own in value.values()),
            ),
            "limit": ("a number or a percentage", isinstance(value, (str, int)) and not isinstance(value, bool)),
            "names": (
                "comma-separated names or an array of names",
                isinstance(value, str) or (isinstance(value, list) and all(isinstance(name, str) for name in value)),
            ),
        }[self.kind]
        if not fits:
            return f"{self.name} must be {expected}"
        if self.options and value not in self.options:
            near = difflib.get_close_matches(str(value), self.options, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            return f"{self.name} must be one of {', '.join(self.options)}{hint}"
        if self.minimum is not None and isinstance(value, int) and value < self.minimum:
            return f"{self.name} must be at least {self.minimum}"
        if self.maximum is not None and isinstance(value, int) and value > self.maximum:
            return f"{self.name} must be at most {self.maximum}"
        if self.required and isinstance(value, str) and not value.strip():
            return f"{self.name} must not be blank"
        return None
