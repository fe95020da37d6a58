"""JSON text to values and back: integers stay exact, and NaN is refused.

It uses msgspec where that is installed, because it is faster, and else the standard library.
"""

import json
from types import ModuleType
from typing import Any, NoReturn

_msgspec: ModuleType | None = None
try:
    import msgspec
except ImportError:  # pragma: no cover - it is optional
    pass
else:
    _msgspec = msgspec


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def decode(text: bytes | str) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a JSON text.

    Raises:
        ValueError: The text is not JSON.
    """
    if _msgspec is None:
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
            if ("\\ud" if isinstance(text, str) else b"\\ud") in text.lower():  # type: ignore[operator]
                # The standard decoder accepts a lone surrogate, which is not valid Unicode.
                json.dumps(value, ensure_ascii=False).encode()
        except RecursionError:
            raise ValueError("nested too deeply") from None
        return value
    try:
        return _msgspec.json.decode(text)
    except (_msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None


def encode(value: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return a value as JSON."""
    if _msgspec is not None:
        try:
            encoded: bytes = _msgspec.json.encode(value)
        except (ValueError, OverflowError, _msgspec.MsgspecError):
            # A name from a request may have a lone surrogate. The standard encoder escapes it.
            pass
        else:
            return encoded
    return json.dumps(value, separators=(",", ":")).encode()
