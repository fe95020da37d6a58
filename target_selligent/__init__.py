"""Singer target for Selligent (Marigold Engage), and the same loading for any Python program.

`LoadRun` and `Settings` are imported when they are first used. So the emulator, which shares the package, starts
without what they need; and neither of them needs the Singer SDK.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from target_selligent.loading import LoadRun
    from target_selligent.settings import Settings

__all__ = ["LoadRun", "Settings", "__version__"]

__version__ = "0.1.0"

_MODULES = {"LoadRun": "target_selligent.loading", "Settings": "target_selligent.settings"}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - the command needs it not

    return getattr(import_module(_MODULES[name]), name)
