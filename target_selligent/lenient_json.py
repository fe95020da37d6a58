"""JSON that is nearly right: read, so that the record at fault can be rejected alone. Pure; no I/O."""

from __future__ import annotations

import json
import math
from typing import Any

from target_selligent.exact_numbers import parse_json_float


def loads(line: bytes, *, exact: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a line that may hold what strict JSON does not allow.

    A byte order mark, lone surrogates, NaN and infinity are taken as they are; a whole number with more digits than
    Python reads becomes infinity, which fits no field.

    Args:
        line: The line.
        exact: Whether numbers whose digits a double cannot hold become Decimals.

    Raises:
        ValueError: If it is no JSON even so.
        RecursionError: If it is nested too deeply.
    """
    text = line.decode("utf-8-sig", "surrogatepass")
    return json.loads(text, parse_int=_whole_number, parse_float=parse_json_float if exact else float)


def _whole_number(digits: str) -> float:
    try:
        return int(digits)
    except ValueError:
        return math.inf
