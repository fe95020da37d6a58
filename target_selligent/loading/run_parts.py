"""What all streams of a run share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.batches import Spool
    from target_selligent.loading.changes import Changes
    from target_selligent.loading.checkpoints import Checkpoints
    from target_selligent.loading.deletions import Deletions
    from target_selligent.loading.load_order import LoadOrder
    from target_selligent.loading.removals import Removals
    from target_selligent.loading.report import RunReport
    from target_selligent.loading.stream_outcomes import StreamOutcomes
    from target_selligent.rejects import Rejects
    from target_selligent.settings import Settings


@dataclass(frozen=True, slots=True)
class RunParts:
    """What all streams of a run share.

    Args:
        settings: The settings of the run.
        report: Counts the records by what happens to them.
        rejects: Stores the rejected records.
        stream_outcomes: Notes of which streams rows were loaded.
        deletions: Counts the records that the source has deleted.
        checkpoints: Opens a ticket for each batch.
        load_order: Loads the batches, each when its List may be loaded.
        removals: What leaves Segments and Lists at the end of the run.
        spool: Stores rows until the end of the input; None if rows may be loaded at once.
        changes: Chooses the rows that are sent, where only changes are.
        before_chunk: Called before each chunk of records of a Python program.
    """

    settings: Settings
    report: RunReport
    rejects: Rejects
    stream_outcomes: StreamOutcomes
    deletions: Deletions
    checkpoints: Checkpoints
    load_order: LoadOrder
    removals: Removals
    spool: Spool | None
    changes: Changes
    before_chunk: Callable[[], None]
