"""A long run with many faults."""

from __future__ import annotations

import random

import pytest

from tests.support import RunningCommand, Tenant, encode

from .tap import Tap, read_snapshot
from .writes import first_false_state, order_violations

_CHANCE = random.Random(1)  # noqa: S311 - records that stay the same
RECORDS = tuple(
    (_CHANCE.choice(["people", "orders"]), f"k{_CHANCE.randrange(120_000)}", (_CHANCE.choice("abcdefgh"),))
    for _ in range(200_000)
)

_FAULTS = [
    ("reset", "after", 0.02),
    ("reset", "before", 0.01),
    ("close", "before", 0.005),
    ("close", "during", 0.005),
    ("reset", "during", 0.005),
    ("truncate", "after", 0.01),
    ("status", "before", 0.01),
]


@pytest.mark.parametrize(
    ("tenant", "count", "parallel"),
    [("https", 200_000, 1), ("http", 80_000, 1), ("https", 40_000, 4)],
    ids=["one-load-a-list", "one-load-a-list-over-http", "four-loads-a-list"],
    indirect=["tenant"],
)
def test_a_long_run_with_many_faults(tenant: Tenant, count: int, parallel: int) -> None:
    """200,000 records while 5 % of all requests fail: none is missing or doubled, and each STATE is true."""
    tap = Tap(RECORDS[:count], state_every=997)
    tenant.set_options(parallel_bulk=parallel > 1)
    for seed, (kind, when, probability) in enumerate(_FAULTS):
        tenant.add_fault(kind, when=when, probability=probability, times=0, seed=seed)
    config = tenant.config(
        **tap.settings(),
        create_list_if_not_exists=True,
        create_segment_if_not_exists=True,
        batch_size_rows=1000 if parallel == 1 else 200,
        segment_batch_size_rows=2000,
        max_parallel_requests_per_list=parallel,
    )
    with RunningCommand(config) as command:
        command.write_in_background(encode(tap.messages()))
        finished = command.finish()

    assert finished.returncode == 0, finished.stderr
    assert tenant.count_faults() >= 10
    tenant.clear_faults()
    writes = tenant.read_journal("writes")
    assert finished.position == len(tap.records)
    assert len(finished.printed) > len(tap.records) // tap.state_every // 4
    assert not first_false_state(tap, finished.printed, writes)
    assert not order_violations(writes)
    assert read_snapshot(tenant, tap.streams) == tap.loaded()
