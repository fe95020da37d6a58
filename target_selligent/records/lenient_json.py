"""Decodes JSON that breaks the standard, so that only the record at fault is rejected. Pure; no I/O."""

from __future__ import annotations

import json
import math
from typing import Any

from target_selligent.records.exact_numbers import parse_json_float


def loads(line: bytes, *, exact: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a line, also where the line is not strict JSON.

    A byte order mark is ignored. Lone surrogates, NaN and infinity are kept. A whole number with more digits than
    Python parses becomes infinity, which no field accepts.

    Args:
        line: The line.
        exact: Whether a number becomes a Decimal if a float cannot hold all of its digits.

    Raises:
        ValueError: If the line is not JSON at all.
        RecursionError: If its values are nested too deeply.
    """
    text = line.decode("utf-8-sig", "surrogatepass")
    return json.loads(text, parse_int=_parse_int, parse_float=parse_json_float if exact else float)


def _parse_int(digits: str) -> float:
    try:
        return int(digits)
    except ValueError:
        return math.inf
