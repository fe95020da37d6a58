"""The one line with which a run fails, where its reader will see it: in the log or on the terminal."""

from __future__ import annotations

import logging
import os
import sys
from typing import IO, Any

import click

_LOG_CONFIG = "SINGER_SDK_LOG_CONFIG"
_MAX_LINE = 2000

logger = logging.getLogger("target-selligent")


class Failure(click.ClickException):
    """The end of the command with exit code 1 and one line.

    On a terminal it is `Error: ` and the reason, the last line. Where a log config is set, as Meltano does, the reason
    is logged as an error: Meltano takes a line that is none of the log for information.

    Args:
        reason: An error, or the reason itself; what has several lines becomes one.
    """

    def __init__(self, reason: Exception | str) -> None:
        super().__init__(to_one_line(reason))

    def show(self, file: IO[Any] | None = None) -> None:
        """Tell the reason, once: the terminal gets a line of its own only if the log does not go there."""
        logged = _LOG_CONFIG in os.environ and logger.isEnabledFor(logging.ERROR)
        if logged:
            logger.error("%s", self.message)
        if not (logged and any(getattr(handler, "stream", None) is sys.stderr for handler in logging.root.handlers)):
            super().show(file)


def to_one_line(reason: Exception | str) -> str:
    """Return what an error says in one line of bounded length."""
    return " ".join(str(reason).split())[:_MAX_LINE]
