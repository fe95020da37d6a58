"""The buffers of a run: one a List, shared by all of its streams, so that their records keep their order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from target_selligent.batches import Batch, BatchBuffer, Merging, Route, join_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, ItemsView

    from target_selligent.loading.batch_size import BatchSizes
    from target_selligent.loading.checkpoints import Checkpoints
    from target_selligent.loading.destination import ListDestination
    from target_selligent.settings import Settings

Shape = tuple[Route, tuple[str, ...]]
"""Route and fields: what the rows of a batch have in common."""


class Buffers:
    """Opens a buffer for each List.

    Args:
        settings: The settings of the run.
        checkpoints: Opens the tickets of the batches.
        submit: Called with each complete batch and its List.
        batch_sizes: How many rows the batches of each List have.
    """

    def __init__(
        self,
        settings: Settings,
        checkpoints: Checkpoints,
        submit: Callable[[Batch, ListDestination], None],
        batch_sizes: BatchSizes,
    ) -> None:
        self._batch_sizes = batch_sizes
        self._settings = settings
        self._checkpoints = checkpoints
        self._submit = submit
        self._buffers: dict[str, BatchBuffer[Shape]] = {}
        self._merging = Merging[Shape](lambda shape: shape[1], join_shapes, checkpoints.hold)

    def items(self) -> ItemsView[str, BatchBuffer[Shape]]:
        """Return the Lists, each with its buffer."""
        return self._buffers.items()

    def flush(self) -> None:
        """Submit all open batches."""
        for buffer in self._buffers.values():
            buffer.flush()

    def open(self, destination: ListDestination) -> BatchBuffer[Shape]:
        """Return the buffer of a List.

        Args:
            destination: The List.
        """
        known = self._buffers.get(destination.api_name)
        if known is None:
            size = self._batch_sizes.of_list(destination.api_name)
            known = self._buffers[destination.api_name] = BatchBuffer(
                lambda shape: Batch(self._checkpoints.open(), *shape, time.monotonic()),
                lambda batch: self._submit(batch, destination),
                max_rows=lambda: size.rows,
                max_bytes=self._settings.max_request_bytes,
                merging=self._merging if self._settings.merges_records(destination.api_name) else None,
            )
        return known
