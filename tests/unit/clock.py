"""Time that goes on when it is waited for."""

from __future__ import annotations


class Clock:
    """Seconds that go on when they are waited for."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds
