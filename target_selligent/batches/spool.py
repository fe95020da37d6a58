"""Rows that are stored until the end of the input, and the stream loaders that load them then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.batches.run_store import SpooledRecords

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.batches.batch import Route
    from target_selligent.batches.run_store import SpooledRow


class Spool:
    """The last row of each key in a run, stored until the end of the input.

    It is needed for `OnlyInsert` with `ImportLastMatch`: the first load of a key inserts its record, and later loads
    do not change it.
    """

    def __init__(self) -> None:
        self._records = SpooledRecords()
        self._loaders: dict[Route, tuple[int, Callable[[SpooledRow], None]]] = {}

    def register(self, route: Route, load: Callable[[SpooledRow], None]) -> int:
        """Register the loader of a route, and return the index under which the rows of the route are stored.

        If the schema of a stream changes and its route does not, the new loader gets the index of the old one. It
        loads the rows of both.

        Args:
            route: The route.
            load: Called with each row of the route at the end of the input.
        """
        index, _ = self._loaders.get(route, (len(self._loaders), None))
        self._loaders[route] = index, load
        return index

    def put(self, key: bytes, row: SpooledRow) -> bool:
        """Store a row. It replaces a row with the same key.

        Args:
            key: Its key, normalized by `same_key.normalize_for_identity`.
            row: The row.

        Returns:
            Whether it replaced another row.
        """
        return self._records.put(key, row)

    def remove(self, key: bytes) -> bool:
        """Remove the row of a key.

        Args:
            key: The key, normalized by `same_key.normalize_for_identity`.

        Returns:
            Whether there was a row.
        """
        return self._records.remove(key)

    def load_all(self, before_each: Callable[[], None]) -> None:
        """Call the loaders with all rows, in the order in which their keys came first.

        Args:
            before_each: Called before each row. An exception that it raises ends the loading.
        """
        load_by_index = dict(self._loaders.values())
        for row in self._records.read_all():
            before_each()
            load_by_index[row.loader_index](row)
