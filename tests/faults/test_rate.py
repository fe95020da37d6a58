"""The pace of calls, judged by the emulator's own log: never over the quota, and little of it wasted."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests

from target_selligent.client import SelligentClient
from target_selligent.pacer import Pacer
from target_selligent.transport import Transport
from tests.support import COMMAND, SECRET

from .harness import Selligent

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 2500
WINDOW = 10.0
CALLS = 10_000
THREADS = 4


@pytest.fixture
def limited() -> Iterator[Selligent]:
    """An emulator in a process of its own, with a quota in a short window."""
    command = [str(COMMAND.with_name("target-selligent-emulator")), "--port", "0"]
    with subprocess.Popen(
        [*command, "--rate-limit", str(LIMIT), "--rate-window", str(WINDOW)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().partition("http://")[2].split()[0]
        client = Selligent(f"http://{url}")
        yield client
        client.close()
        process.terminate()


def _windows(entries: list[dict[str, Any]]) -> list[list[float]]:
    """Return the moments of the requests by window, each of which begins with its first request."""
    windows: list[list[float]] = []
    for moment in sorted(entry["monotonic"] for entry in entries):
        if not windows or moment - windows[-1][0] >= WINDOW:
            windows.append([])
        windows[-1].append(moment)
    return windows


def test_the_quota_is_used_but_never_used_up(limited: Selligent) -> None:
    """10,000 calls against 2,500 a window: no 429 at all, and less than a tenth of the possible rate is wasted."""
    transport = Transport(
        limited.base_url, "demo-key", SECRET, "my_org", timeout=30, pacer=Pacer(per_minute=1_000_000)
    )  # fmt: skip
    client = SelligentClient(transport)
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda number: client.get_list(f"list{number % 7}"), range(CALLS)))

    assert found == [None] * CALLS
    counters = requests.get(f"{limited.base_url}/_emulator/counters", timeout=30).json()
    windows = _windows(limited.journal("requests"))
    assert counters["quota_429"] == counters["busy_429"] == 0
    assert counters["requests"] == CALLS
    full = windows[:-1]
    possible = LIMIT * (windows[-1][0] - windows[0][0]) / WINDOW
    assert len(full) >= 3
    assert [len(window) for window in full] == [pytest.approx(LIMIT, rel=0.1)] * len(full)
    assert sum(map(len, full)) > 0.9 * possible
