"""Commands beside the target itself."""

from __future__ import annotations

__all__ = []
