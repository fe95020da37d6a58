"""What all streams of a run share."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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

logger = logging.getLogger("target-selligent")


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
        run_values: The values of `{run_id}` and `{run_started_at}` in static fields.
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
    run_values: Mapping[str, str]
    before_chunk: Callable[[], None]


def create_run_values(run_id: str, settings: Settings) -> dict[str, str]:
    """Return the values of `{run_id}` and `{run_started_at}`. They are logged if a setting uses one of them.

    Args:
        run_id: The id of the run.
        settings: The settings of the run.
    """
    started_at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if any(text.varies_by_run for one in settings.all_streams for text in one.static_fields.values()):
        logger.info("static_fields: {run_id} is %s, {run_started_at} is %s", run_id, started_at)
    return {"run_id": run_id, "run_started_at": started_at}
