"""STATE on standard output, one a line."""

from __future__ import annotations

import os
import sys

from target_selligent.errors import RunStoppedError


def print_state(state: str) -> None:
    """Print one STATE.

    Args:
        state: The bare value as JSON text.

    Raises:
        RunStoppedError: If standard output is closed or cannot be written.
    """
    # Where descriptor 1 was closed before the start, Python has no standard output at all.
    if sys.stdout is None:
        raise RunStoppedError("standard output is closed: STATE cannot be printed, so the run ends here")
    try:
        sys.stdout.write(f"{state}\n")
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        _discard_output()
        why = "closed" if isinstance(error, (BrokenPipeError, ValueError)) else f"not writable ({error.strerror})"
        raise RunStoppedError(f"standard output is {why}: STATE cannot be printed, so the run ends here") from None


def _discard_output() -> None:
    """Send what is left in Python's buffer nowhere: the flush at exit would fail again and make the exit code 120."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
