"""JSON in and out, with integers exact and without NaN, whichever encoder is installed."""

import json
from types import ModuleType
from typing import Any, NoReturn

_msgspec: ModuleType | None = None
try:
    import msgspec
except ImportError:  # pragma: no cover - the emulator runs without it, more slowly
    pass
else:
    _msgspec = msgspec


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def decode(text: bytes | str) -> Any:  # noqa: ANN401 - JSON
    """Return what a JSON text holds.

    Raises:
        ValueError: The text is not JSON.
    """
    if _msgspec is None:
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
            if ("\\ud" if isinstance(text, str) else b"\\ud") in text.lower():  # type: ignore[operator]
                # A surrogate may stand alone, which the standard decoder lets pass.
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
            # A lone surrogate in a name that is echoed: the standard encoder escapes it.
            pass
        else:
            return encoded
    return json.dumps(value, separators=(",", ":")).encode()
