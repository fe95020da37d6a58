"""The snapshot: hashes of what Selligent has acknowledged last, in a file that runs share."""

from __future__ import annotations

from target_selligent.snapshot.fingerprints import ListHasher, holds
from target_selligent.snapshot.snapshot import Snapshot

__all__ = [
    "ListHasher",
    "Snapshot",
    "holds",
]
