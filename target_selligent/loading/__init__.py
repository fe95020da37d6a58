"""One run: streams in, a List and its Segments loaded, STATE out."""

from __future__ import annotations

from target_selligent.loading import checkpoints
from target_selligent.loading.progress import Progress, Rate
from target_selligent.loading.run import LoadRun
from target_selligent.loading.waits import Waits

__all__ = [
    "LoadRun",
    "Progress",
    "Rate",
    "Waits",
    "checkpoints",
]
