"""A List that a run uses: its name, and what the run creates in it."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, TypeVar

from target_selligent.errors import BadRequestError, NotFoundError, TargetSelligentError

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("target-selligent")

API_NAME = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
"""API names that the vendor allows for a List (docs/selligent-api.md). The same rule is assumed for Segments."""

_VISIBLE_SECONDS = 30
"""How long the target waits until what it has created can be used."""
_T = TypeVar("_T")


class OpenList:
    """A List that a run uses.

    Args:
        api_name: API name of the List, in the user's spelling.

    Attributes:
        api_name: API name of the List. Once the List was read, in the tenant's spelling.
        was_changed: Whether the run has created the List or fields of it.
    """

    def __init__(self, api_name: str) -> None:
        self._visible_until = 0.0
        self.api_name = api_name
        self.was_changed = False

    def retry_until_visible(self, call: Callable[[], _T]) -> _T:
        """Make a call, and repeat it for a while if it does not find what has just been created.

        The vendor does not document when a new List, field or Segment can be used (docs/selligent-api.md).
        """
        pause = 0.1
        while True:
            try:
                return call()
            except NotFoundError:
                if time.monotonic() + pause > self._visible_until:
                    raise
                logger.info("List %s: a new List or Segment cannot be used yet, waiting %.1f s", self.api_name, pause)
                time.sleep(pause)
                pause = min(pause * 2, 5)

    def create_or_find(self, create: Callable[[], object], find: Callable[[], object]) -> None:
        """Create something. If Selligent refuses, look for it: another run may have created it at the same time.

        Args:
            create: Creates it.
            find: Returns whether it is there now.

        Raises:
            ApiError: If Selligent refuses to create it and it is not there.
        """
        self._visible_until = time.monotonic() + _VISIBLE_SECONDS
        try:
            create()
        except BadRequestError as refusal:
            try:
                found = find()
            except TargetSelligentError:
                raise refusal from None
            if not found:
                raise
