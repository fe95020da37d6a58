"""A long run in bad weather."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.support import encode

from .harness import Command, Tap, disorder, untrue

if TYPE_CHECKING:
    from .harness import Selligent

_CHANCE = random.Random(1)  # noqa: S311 - records that stay the same
RECORDS = tuple(
    (_CHANCE.choice(["people", "orders"]), f"k{_CHANCE.randrange(120_000)}", (_CHANCE.choice("abcdefgh"),))
    for _ in range(200_000)
)

_WEATHER = [
    ("reset", "after", 0.02),
    ("reset", "before", 0.01),
    ("close", "before", 0.005),
    ("close", "during", 0.005),
    ("reset", "during", 0.005),
    ("truncate", "after", 0.01),
    ("status", "before", 0.01),
]


@pytest.mark.parametrize(
    ("selligent", "count", "parallel"),
    [("https", 200_000, 1), ("http", 80_000, 1), ("https", 40_000, 4)],
    ids=["one-load-a-list", "one-load-a-list-over-http", "four-loads-a-list"],
    indirect=["selligent"],
)
def test_a_long_run_in_bad_weather(selligent: Selligent, count: int, parallel: int) -> None:
    """200,000 records while a twentieth of all requests fails: nothing lost, none doubled, no STATE ahead."""
    tap = Tap(RECORDS[:count], state_every=997)
    selligent.options(parallel_bulk=parallel > 1)
    for seed, (kind, when, probability) in enumerate(_WEATHER):
        selligent.fault(kind, when=when, probability=probability, times=0, seed=seed)
    config = selligent.config(
        **tap.settings(),
        create_list_if_not_exists=True,
        create_segment_if_not_exists=True,
        batch_size_rows=1000 if parallel == 1 else 200,
        segment_batch_size_rows=2000,
        max_parallel_requests_per_list=parallel,
    )
    with Command(config) as command:
        command.feed(encode(tap.messages()))
        finished = command.finish()

    assert finished.returncode == 0, finished.stderr
    assert selligent.fired() >= 10
    selligent.clear_faults()
    writes = selligent.journal("writes")
    assert finished.position == len(tap.records)
    assert len(finished.printed) > len(tap.records) // tap.state_every // 4
    assert not untrue(tap, finished.printed, writes)
    assert not disorder(writes)
    assert selligent.snapshot(tap.streams) == tap.loaded()
