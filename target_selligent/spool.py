"""Rows that may not be loaded before the end of the input, and the streams that load them then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.run_store import SpooledRecords

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.batch import Route
    from target_selligent.run_store import SpooledRow


class Spool:
    """The last record of each key of a run, stored until the end of the input.

    `OnlyInsert` with `ImportLastMatch` needs it: a load inserts the first record it sees.
    """

    def __init__(self) -> None:
        self._records = SpooledRecords()
        self._loaders: dict[Route, tuple[int, Callable[[SpooledRow], None]]] = {}

    def register(self, route: Route, load: Callable[[SpooledRow], None]) -> int:
        """Return the number under which the rows of a route are stored.

        Streams that follow each other as a schema changes share it if their records go the same way: the last one
        loads the rows of all.

        Args:
            route: The route.
            load: Receives its rows at the end.
        """
        number, _ = self._loaders.get(route, (len(self._loaders), None))
        self._loaders[route] = number, load
        return number

    def put(self, key: bytes, row: SpooledRow) -> bool:
        """Store a row in the place of those with the same key.

        Args:
            key: Its key, as `same_key.normalize_for_identity` gives it.
            row: The row.

        Returns:
            Whether another row had the key.
        """
        return self._records.put(key, row)

    def remove(self, key: bytes) -> bool:
        """Remove what is stored of a key; return whether there was something."""
        return self._records.remove(key)

    def load_all(self, before_each: Callable[[], None]) -> None:
        """Have all rows loaded, in the order in which their keys came first.

        Args:
            before_each: Called before each row.
        """
        load = dict(self._loaders.values())
        for row in self._records.read_all():
            before_each()
            load[row.loader_index](row)
