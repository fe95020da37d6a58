"""The error message with which the command ends: one line, in the log or on the terminal."""

from __future__ import annotations

import logging
import os
import sys
from typing import IO, Any

import click

LOG_CONFIG = "SINGER_SDK_LOG_CONFIG"
"""The variable that names a file with a log config. Meltano sets it."""
WRONG_SETTINGS = 2
"""The exit code for wrong settings, as for wrong options: the same command would fail again."""
_MAX_LENGTH = 2000

logger = logging.getLogger("target-selligent")


class Failure(click.ClickException):
    """Ends the command with exit code 1 and one line.

    On a terminal, the last line is `Error: ` and the reason. If a log config is set, the reason is logged as an error:
    Meltano sets one, and shows a line that is not from the log as information.

    Args:
        reason: An error or a text. Several lines become one.
    """

    def __init__(self, reason: Exception | str) -> None:
        super().__init__(to_one_line(reason))

    def show(self, file: IO[Any] | None = None) -> None:
        """Log or print the reason. If the log goes to the terminal, the reason is not printed a second time.

        Args:
            file: Where to print it; the standard error output by default.
        """
        logged = LOG_CONFIG in os.environ and logger.isEnabledFor(logging.ERROR)
        if logged:
            logger.error("%s", self.message)
        if not (logged and any(getattr(handler, "stream", None) is sys.stderr for handler in logging.root.handlers)):
            super().show(file)


class SettingsFailure(Failure):
    """Ends the command with the exit code for wrong settings and one line."""

    exit_code = WRONG_SETTINGS


def to_one_line(reason: Exception | str) -> str:
    """Return the text of an error as one line of limited length.

    Args:
        reason: An error or a text.
    """
    return " ".join(str(reason).split())[:_MAX_LENGTH]
