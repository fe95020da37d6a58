"""The order in which Lists are loaded: rows of a List wait until those of the Lists that it refers to are loaded."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_selligent.batches import WaitingBatches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from target_selligent.batches import Batch
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.list_workers import ListWorkers

logger = logging.getLogger("target-selligent")


class LoadOrder:
    """Passes batches to the list workers, or keeps them until the Lists before theirs are loaded.

    Records of these Lists may come until the end of the input, so the others wait until then. Their tickets stay open,
    so no STATE covers them. Only the thread that reads the input uses it.

    Args:
        levels: The level of each List, by its name without case; see `Settings.load_levels`.
        list_workers: Load the batches.
        before: Called with each batch before it is passed on or kept, if it is given.
    """

    def __init__(
        self,
        levels: Mapping[str, int],
        list_workers: ListWorkers,
        before: Callable[[Batch], None] | None = None,
    ) -> None:
        self._before = before
        self._levels = levels
        self._list_workers = list_workers
        self._waiting = WaitingBatches() if any(levels.values()) else None
        self._destinations: dict[str, ListDestination] = {}

    def level(self, list_api_name: str) -> int:
        """Return the level of a List. Lists of level 0 wait for nothing."""
        return self._levels.get(list_api_name.casefold(), 0)

    def submit(self, batch: Batch, destination: ListDestination) -> None:
        """Load a batch behind the other batches of its List, as soon as its List may be loaded.

        Args:
            batch: The batch.
            destination: Its List.
        """
        name = destination.api_name
        if self._before is not None:
            self._before(batch)
        if self._waiting is None or not self.level(name):
            self._list_workers.submit(batch, destination)
            return
        if name not in self._destinations:
            self._destinations[name] = destination
            logger.info("List %s: its rows wait until the Lists that it refers to are loaded, at the end", name)
        self._waiting.put(name, batch)

    def waiting_levels(self) -> Iterator[int]:
        """Yield the levels of the Lists whose batches wait, in ascending order."""
        yield from sorted({self.level(name) for name in self._destinations})

    def load_level(self, level: int) -> None:
        """Pass the waiting batches of one level to the list workers.

        Args:
            level: The level. The Lists of all levels before it are loaded.

        Raises:
            Exception: What ended the loading of a List.
        """
        for name, destination in self._destinations.items():
            if self._waiting is not None and self.level(name) == level:
                for batch in self._waiting.pop_all(name):
                    self._list_workers.check()
                    self._list_workers.submit(batch, destination)

    def warn_of_skipped(self) -> None:
        """Log that waiting batches are not loaded, because the run was cut short."""
        if self._destinations:
            logger.warning(
                "The rows that waited for other Lists are not loaded, because the run was cut short (List %s): the "
                "next run loads them",
                ", ".join(self._destinations),
            )
