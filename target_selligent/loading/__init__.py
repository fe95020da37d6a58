"""One run: streams in, a List and its Segments loaded, STATE out."""

from __future__ import annotations

from target_selligent.loading import checkpoints
from target_selligent.loading.list_segments import ListSegments
from target_selligent.loading.open_list import OpenList
from target_selligent.loading.plan import Plan, PlannedColumn, PlannedRow, PlannedStream
from target_selligent.loading.progress import Progress, Rate
from target_selligent.loading.report import Counts, RunReport
from target_selligent.loading.run import LoadRun
from target_selligent.loading.waits import Waits

__all__ = [
    "Counts",
    "ListSegments",
    "LoadRun",
    "OpenList",
    "Plan",
    "PlannedColumn",
    "PlannedRow",
    "PlannedStream",
    "Progress",
    "Rate",
    "RunReport",
    "Waits",
    "checkpoints",
]
