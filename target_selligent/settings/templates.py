"""Texts with placeholders, as `static_fields` has them. Pure; no I/O."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.settings.field_types import find_same_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLACEHOLDERS = ("stream", "segment", "run_id", "run_started_at")
_VARYING = frozenset({"run_id", "run_started_at"})
_TOKENS = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_RECORD_NUMBER_FIELD = "ID"


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders.

    Args:
        parts: Each part as text and whether it is the name of a placeholder.
    """

    parts: tuple[tuple[str, bool], ...]

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of its placeholders."""
        return frozenset(text for text, is_name in self.parts if is_name)

    @property
    def varies_by_run(self) -> bool:
        """Whether two runs give it different values, although nothing else has changed."""
        return not _VARYING.isdisjoint(self.placeholders)

    @property
    def is_date_time(self) -> bool:
        """Whether its value is always a date-time."""
        return self.parts == (("run_started_at", True),)

    def render(self, values: Mapping[str, str]) -> str:
        """Return the text with values instead of the placeholders.

        Args:
            values: Name of a placeholder to its value.
        """
        return "".join(values[text] if is_name else text for text, is_name in self.parts)


def parse_template(text: str) -> Template:
    """Return the template that a text stands for. `{{` and `}}` stand for single braces.

    Args:
        text: The text.

    Raises:
        ValueError: If it has an unknown placeholder, a brace that stands alone, or is not valid Unicode. The message
            says what is wrong.
    """
    parts: list[tuple[str, bool]] = []
    for token in _TOKENS.finditer(text):
        name = token[1]
        if name is not None and name not in _PLACEHOLDERS:
            near = difflib.get_close_matches(name.casefold(), _PLACEHOLDERS, n=1)
            hint = f" (did you mean {{{near[0]}}}?)" if near else ""
            known = ", ".join(f"{{{known}}}" for known in _PLACEHOLDERS)
            raise ValueError(f"{{{name}}} is not one of {known}{hint}; write {{{{ and }}}} for braces")
        if token[0] in {"{", "}"}:
            raise ValueError(f"the brace {token[0]} at character {token.start() + 1} stands alone: write it twice")
        parts.append((name, True) if name is not None else (token[0].replace("{{", "{").replace("}}", "}"), False))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("the text is not valid Unicode (a lone surrogate)") from None
    return Template(tuple(parts))


def find_static_problems(texts: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each problem in `static_fields`.

    Args:
        texts: The value of the setting.
    """
    yield from find_same_names("static_fields", texts)
    for name, text in texts.items():
        if not name.strip() or "," in name or not name.isprintable():
            yield f"static_fields: {name!r} cannot be a field name (blank, comma or control character)"
        if name.casefold() == _RECORD_NUMBER_FIELD.casefold():
            yield f"static_fields must not name {name}, the List's own record number"
        if text is None:
            continue
        if not isinstance(text, str):
            yield f'static_fields of field {name} must be text, such as "12", or null'
            continue
        try:
            parse_template(text)
        except ValueError as error:
            yield f"static_fields of field {name}: {error}"
