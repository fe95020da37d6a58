"""The pace of calls, checked with the emulator's journal: never over the quota, with few pauses too many."""

from __future__ import annotations

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests

from target_selligent.api import Pacer, SelligentClient, Transport
from tests.support import COMMAND, SECRET, Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 1000
WINDOW = 10.0
CALLS = 3_000
THREADS = 4


@pytest.fixture
def limited() -> Iterator[Tenant]:
    """An emulator in a process of its own, with a quota in a short window."""
    command = [str(COMMAND.with_name("target-selligent-emulator")), "--port", "0"]
    with subprocess.Popen(
        [*command, "--rate-limit", str(LIMIT), "--rate-window", str(WINDOW)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().partition("http://")[2].split()[0]
        client = Tenant(f"http://{url}")
        yield client
        client.close()
        process.terminate()


class Pauses:
    """Clock and sleep for a pacer; they note each pause.

    Attributes:
        noted: Beginning and planned end of each pause: how long it takes to wake up is the machine's matter.
    """

    def __init__(self) -> None:
        self.noted: list[tuple[float, float]] = []
        self._thread = threading.local()

    def clock(self) -> float:
        """Return the time, and keep it: a pause is planned from there."""
        self._thread.now = time.monotonic()
        return float(self._thread.now)

    def sleep(self, seconds: float) -> None:
        """Note the pause, and wait."""
        self.noted.append((self._thread.now, self._thread.now + seconds))
        time.sleep(seconds)


def _windows(entries: list[dict[str, Any]]) -> list[list[float]]:
    """Return the moments of the requests by window, each of which begins with its first request."""
    windows: list[list[float]] = []
    for moment in sorted(entry["monotonic"] for entry in entries):
        if not windows or moment - windows[-1][0] >= WINDOW:
            windows.append([])
        windows[-1].append(moment)
    return windows


def test_the_quota_is_used_but_never_used_up(limited: Tenant) -> None:
    """3,000 calls against 1,000 a window: no 429 at all, and no call is held back without need.

    A call waits only in a window whose quota is used, and at most a tenth of a window longer than that lasts.
    """
    pauses = Pauses()
    pacer = Pacer(per_minute=1_000_000, clock=pauses.clock, sleep=pauses.sleep)
    transport = Transport(limited.base_url, "demo-key", SECRET, "my_org", timeout=30, pacer=pacer)
    client = SelligentClient(transport)
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda number: client.get_list(f"list{number % 7}"), range(CALLS)))

    assert found == [None] * CALLS
    counters = requests.get(f"{limited.base_url}/_emulator/counters", timeout=30).json()
    assert counters["quota_429"] == counters["busy_429"] == 0
    assert counters["requests"] == CALLS
    windows = _windows(limited.read_journal("requests"))
    assert max(map(len, windows)) <= LIMIT
    for begins, ends in pauses.noted:
        window = next(window for window in reversed(windows) if window[0] <= begins)
        assert len(window) > 0.9 * LIMIT
        assert ends < window[0] + 1.1 * WINDOW
