"""List workers: batches of a List in order, Lists side by side, and one failure that ends the run."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.batches.batch import Batch, Route, Rows
from target_selligent.batches.body import encode_rows
from target_selligent.errors import BadRequestError
from target_selligent.loading.destination import ListDestination
from target_selligent.loading.list_workers import ListWorkers
from target_selligent.loading.report import RunReport
from target_selligent.records.conversions import FieldType
from target_selligent.rejects.rejects import Rejects
from target_selligent.settings.settings import Settings
from tests.unit.prepared_server import REFUSED

if TYPE_CHECKING:
    from tests.unit.prepared_server import PreparedServer

LOADED = {"result_code": "Succeeded", "number_of_inserted_records": 1}
WAIT_SECONDS = 30


def load_of(name: str) -> str:
    """Return the call that loads rows into a List."""
    return f"POST lists/{name}/data/load"


class Run:
    """List workers whose calls go to a prepared server, and what they report.

    Attributes:
        acknowledged: Tickets, in the order in which they were acknowledged.
        failures: What ended list workers, as far as it was reported.
    """

    def __init__(self, server: PreparedServer, **settings: Any) -> None:
        self._settings = Settings.from_config(
            {
                "base_url": server.url,
                "api_key": "key",
                "api_secret": "secret",
                "organization": "my_org",
                "list_api_name": "contacts",
                **settings,
            }
        )
        self._client = server.client()
        self.acknowledged: list[int] = []
        self.failures: list[Exception] = []
        self.failed = threading.Event()
        self.report = RunReport()
        self.workers = ListWorkers(
            self._client,
            self._settings,
            Rejects.for_run(self._settings),
            self.report,
            self.acknowledged.append,
            lambda _: None,
            self._note_failure,
        )
        self._destinations: dict[str, ListDestination] = {}

    def submit(self, ticket: int, *keys: int, name: str = "contacts") -> None:
        """Submit a batch with a row for each key."""
        route = Route(name, name, ("KEY",), ("key",), (FieldType.LONG,))
        batch = Batch(ticket, route, ("KEY",), 0.0)
        rows = Rows([(key,) for key in keys], list(keys), (), [b"{}"] * len(keys), list(keys))
        batch.append(rows, 0, len(rows), encode_rows(rows.values))
        if name not in self._destinations:
            self._destinations[name] = ListDestination(self._client, name, create_list=False, create_segments=False)
        self.workers.submit(batch, self._destinations[name])

    def _note_failure(self, failure: Exception) -> None:
        self.failures.append(failure)
        self.failed.set()


def test_batches_of_a_list_are_loaded_in_order(server: PreparedServer) -> None:
    """One call at a time, each batch acknowledged after its load."""
    server.answer(load_of("contacts"), LOADED)
    run = Run(server)
    for ticket in range(1, 6):
        run.submit(ticket, ticket)
    run.workers.finish()
    assert server.bodies_of(load_of("contacts")) == [[[key]] for key in range(1, 6)]
    assert run.acknowledged == [1, 2, 3, 4, 5]
    assert run.failures == []


def test_lists_are_loaded_side_by_side(server: PreparedServer) -> None:
    """A load that waits for one List does not hold up another: each waits here until the other has come."""
    both = threading.Barrier(2)

    def wait_for_the_other(body: object) -> dict[str, Any]:  # noqa: ARG001
        both.wait(WAIT_SECONDS)
        return LOADED

    for name in ("contacts", "goods"):
        server.answer(load_of(name), wait_for_the_other)
    run = Run(server, streams={"goods": {"list_api_name": "goods"}})
    run.submit(1, 1)
    run.submit(2, 1, name="goods")
    run.workers.finish()
    assert sorted(run.acknowledged) == [1, 2]


def test_loads_of_one_list_overlap_only_if_they_may(server: PreparedServer) -> None:
    """With two requests at a time, loads of different keys overlap, and a load with a key in common waits."""
    together = threading.Barrier(2)

    def wait_for_the_other(body: list[list[int]]) -> dict[str, Any]:
        if body[0][0] < 3:
            together.wait(WAIT_SECONDS)
        return LOADED

    server.answer(load_of("contacts"), wait_for_the_other)
    run = Run(server, max_parallel_requests_per_list=2)
    run.submit(1, 1)
    run.submit(2, 2)
    for ticket in range(3, 7):
        run.submit(ticket, 9)
    run.workers.finish()
    bodies = server.bodies_of(load_of("contacts"))
    assert sorted(bodies[:2]) == [[[1]], [[2]]]
    assert bodies[2:] == [[[9]]] * 4
    assert run.acknowledged == [1, 2, 3, 4, 5, 6]


def test_a_failure_is_reported_once_and_raised(server: PreparedServer) -> None:
    """The failed batch and those behind it are not acknowledged, and nobody waits for room any more."""
    server.answer(load_of("contacts"), LOADED, REFUSED)
    run = Run(server, error_handling="StopOnError")
    run.submit(1, 1)
    run.submit(2, 2)
    assert run.failed.wait(WAIT_SECONDS)
    for ticket in range(3, 20):
        run.submit(ticket, ticket)
    with pytest.raises(BadRequestError, match="not like this"):
        run.workers.check()
    with pytest.raises(BadRequestError, match="not like this"):
        run.workers.finish()
    assert run.acknowledged == [1]
    assert len(run.failures) == 1
    assert server.count(load_of("contacts")) == 2


def test_other_lists_are_finished_when_one_has_failed(server: PreparedServer, caplog: pytest.LogCaptureFixture) -> None:
    """The first failure is raised after the others are done; a second one is logged with its List."""
    server.answer(load_of("contacts"), REFUSED)
    server.answer(load_of("goods"), LOADED)
    server.answer(load_of("shops"), REFUSED)
    streams = {name: {"list_api_name": name} for name in ("goods", "shops")}
    run = Run(server, error_handling="StopOnError", streams=streams)
    run.submit(1, 1)
    assert run.failed.wait(WAIT_SECONDS)
    run.submit(2, 1, name="goods")
    run.submit(3, 1, name="shops")
    with caplog.at_level(logging.ERROR), pytest.raises(BadRequestError) as caught:
        run.workers.finish()
    assert caught.value is run.failures[0]
    assert run.acknowledged == [2]
    assert "List shops: loading has failed too" in caplog.text
