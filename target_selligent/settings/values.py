"""Values of settings that text stands for: names and limits. Pure; no I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """How many records a run may reject, or how many members it may remove.

    Args:
        count: The maximum number; None if the limit is a share.
        share: The maximum share of all, from 0 to 1; None if the limit is a number.
    """

    count: int | None = None
    share: float | None = None


def parse_names(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Return names from an array, from text that is a JSON array, or from comma-separated text.

    Environment variables can only contain text, and Meltano writes an array into them as JSON.

    Args:
        value: The names. Blanks around a name and blank names are removed.
    """
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                value = [str(name) for name in json.loads(text)]
            except ValueError:
                value = text.split(",")
        else:
            value = text.split(",")
    return tuple(name.strip() for name in value if name.strip())


def parse_limit(text: str) -> Limit:
    """Parse a limit such as `max_rejects`.

    Args:
        text: A whole number or a percentage.

    Raises:
        ValueError: If it is neither.
    """
    text = text.strip()
    if text.endswith("%"):
        share = float(text[:-1]) / 100
        if not 0 <= share <= 1:
            raise ValueError("not a share")
        return Limit(share=share)
    if not text.isdecimal():
        raise ValueError("not a number")
    return Limit(count=int(text))
