"""Prints STATE on standard output, one STATE on each line."""

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
    # Python sets this to None if the file descriptor was closed before the start.
    if sys.stdout is None:
        raise RunStoppedError("standard output is closed: STATE cannot be printed, so the run ends here")
    try:
        sys.stdout.write(f"{state}\n")
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        _discard_output()
        problem = "closed" if isinstance(error, (BrokenPipeError, ValueError)) else f"not writable ({error.strerror})"
        raise RunStoppedError(f"standard output is {problem}: STATE cannot be printed, so the run ends here") from None


def _discard_output() -> None:
    """Discard what is left in Python's buffer. Otherwise the flush at exit fails, and the exit code becomes 120."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, descriptor)
    os.close(null_device)
