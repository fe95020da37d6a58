"""A Selligent that runs on this machine: the REST API's contract over SQLite, with faults on demand.

It stands apart: it imports nothing of the target, and the target reaches it over HTTP only. `docs/emulator.md` has the
map.

Import `EmulatorServer`, `EmulatorOptions` and `Tls` from here to start an emulator inside a test. The web framework is
loaded when the server is used for the first time, not by the import of this package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from target_selligent.emulator.http import EmulatorServer, Tls
    from target_selligent.emulator.options import EmulatorOptions

__all__ = ["EmulatorOptions", "EmulatorServer", "Tls"]

_HOMES = {"EmulatorOptions": "options", "EmulatorServer": "http", "Tls": "http"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any export
    """Import an export at its first use.

    Raises:
        AttributeError: There is no such export.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
