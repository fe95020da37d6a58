"""The entry point of the command. It sets signal handlers first, and tunes the interpreter.

Until the handlers are set, Python prints a traceback for SIGINT. So nothing slow is imported before, not even `typing`.

The garbage collector looks for reference cycles. Imported modules are never freed and records contain no cycles, but
the search takes a fifth of the start and a third of a run. So it is off during the imports and rare after them.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

_GARBAGE_THRESHOLD = 200_000
_SIGNALLED = 128
"""A shell adds it to the number of the signal that ended a process, for the exit code."""
_SWITCH_SECONDS = 0.001
"""After how long a thread that reads records lets one that makes calls go on. With Python's 5 ms, each call takes tens
of milliseconds longer, since it has to wait several times."""


def main() -> None:
    """Run the command line of the target. With `load` as the first argument, run the one that loads files."""
    if sys.argv[1:2] == ["load"]:
        del sys.argv[1]
        load()
        return
    _prepare()
    from target_selligent.command import TargetCommand  # noqa: PLC0415 - the signal handlers are set before

    _tune()
    TargetCommand.cli()


def load() -> None:
    """Run the command line that loads files."""
    _prepare()
    from target_selligent.load_command import LoadCommand  # noqa: PLC0415 - the signal handlers are set before

    _tune()
    LoadCommand.cli()


def _prepare() -> None:
    """Set the signal handlers, keep the garbage collector out of the imports, and choose how Arrow gets its memory."""
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), _end_at_once)
    # The default of pyarrow needs a fifth more memory for a Parquet file, and a tenth more time.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    gc.disable()


def _tune() -> None:
    """Set how often the garbage collector runs, and how often threads change."""
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD)
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.enable()


def _end_at_once(signum: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - what Python calls it with
    """End the process at once. It has not started to read, so nothing has to be finished or printed."""
    os._exit(_SIGNALLED + signum)


if __name__ == "__main__":
    main()
