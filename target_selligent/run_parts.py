"""What all streams of a run share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.checkpoints import Checkpoints
    from target_selligent.deletions import Deletions
    from target_selligent.list_workers import ListWorkers
    from target_selligent.rejects import Rejects
    from target_selligent.report import RunReport
    from target_selligent.settings import Settings
    from target_selligent.spool import Spool
    from target_selligent.stream_outcomes import StreamOutcomes


@dataclass(frozen=True, slots=True)
class RunParts:
    """What all streams of a run share.

    Args:
        settings: The run's settings.
        report: Counts what becomes of the records.
        rejects: Receives the rejected records.
        stream_outcomes: Knows of which streams something was loaded.
        deletions: Counts deleted records.
        checkpoints: Gives each batch its ticket.
        list_workers: Loads the batches.
        spool: Stores rows until the end of the input, where they may not be loaded before; else None.
        before_chunk: Called before each chunk of records that a Python program gives.
    """

    settings: Settings
    report: RunReport
    rejects: Rejects
    stream_outcomes: StreamOutcomes
    deletions: Deletions
    checkpoints: Checkpoints
    list_workers: ListWorkers
    spool: Spool | None
    before_chunk: Callable[[], None]
