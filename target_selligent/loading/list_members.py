"""Finds out which records a List has, before they join Segments: records of others are not to be created.

It is not documented whether a Segment load creates records that the List lacks (docs/selligent-api.md). So with
`load_list: false`, only keys that the List has are sent, in the spelling of the List.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from target_selligent.batches import ListKeys
from target_selligent.loading.pages import read_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.api import SelligentClient
    from target_selligent.batches import Route
    from target_selligent.loading.destination import ListDestination
    from target_selligent.records import Key

logger = logging.getLogger("target-selligent")


class ListMembers:
    """The records of one List, by each of the key fields that the run uses. Any thread may use it.

    Args:
        client: Calls Selligent.
        destination: The List.
        ignore_case: Whether keys that differ in case or trailing blanks are the same.
    """

    def __init__(self, client: SelligentClient, destination: ListDestination, *, ignore_case: bool) -> None:
        self._client = client
        self._destination = destination
        self._ignore_case = ignore_case
        self._lock = threading.Lock()
        self._readers: dict[tuple[str, ...], _KeyReader] = {}

    def find(self, route: Route, keys: Sequence[Key]) -> list[Key | None]:
        """Return for each key how the List spells it; None if no record of the List has it.

        All keys of the List are read at the first call. If one is missing later, records that are newer are read, too.

        Args:
            route: The route of the records with these keys.
            keys: The keys.

        Raises:
            RunStoppedError: If Selligent does not return the records in order.
            ApiError: If Selligent refuses a call.
        """
        with self._lock:
            reader = self._readers.get(route.key_fields)
            if reader is None:
                reader = self._readers[route.key_fields] = _KeyReader(
                    self._client, self._destination, route, ListKeys(route, ignore_case=self._ignore_case)
                )
            return reader.find(keys)

    def note_load(self, route: Route, fields: Sequence[str]) -> None:
        """Note that rows were loaded into the List: they may have changed fields that are keys of other streams.

        Args:
            route: The route of the rows.
            fields: The fields of the rows.
        """
        with self._lock:
            for key_fields, reader in self._readers.items():
                if not set(key_fields) <= set(route.key_fields) and not set(key_fields).isdisjoint(fields):
                    reader.is_outdated = True


class _KeyReader:
    """The records of one List by some key fields."""

    def __init__(self, client: SelligentClient, destination: ListDestination, route: Route, keys: ListKeys) -> None:
        self._client, self._destination, self._route, self._keys = client, destination, route, keys
        self._last: int | None = None
        self.is_outdated = True

    def find(self, keys: Sequence[Key]) -> list[Key | None]:
        was_outdated = self.is_outdated
        if was_outdated:
            self._read()
        found = self._keys.find(keys)
        if None not in found or was_outdated:
            return found
        self._read()
        return self._keys.find(keys)

    def _read(self) -> None:
        """Read the records that are new, or all if others may have another key now."""
        if self.is_outdated:
            name, fields = self._destination.api_name, ", ".join(self._route.key_fields)
            logger.info("List %s: reading all of its keys (%s), to know who is in it (load_list: false)", name, fields)
            self._keys.clear()
            self._last, self.is_outdated = None, False
        pages = read_pages(
            self._client,
            self._destination.api_name,
            None,
            self._route.key_fields,
            after=self._last,
            consequence="who joins Segments is not known",
        )
        for rows in pages:
            self._keys.add([row[1:] for row in rows])
            self._last = rows[-1][0]
