"""Emulators for cases that run side by side, each with one of its own."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.emulator.options import EmulatorOptions
from target_selligent.emulator.server import EmulatorServer

from .harness import Selligent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_WORKERS = 6


class Workshop:
    """Runs cases side by side; each gets an emulator to itself.

    Args:
        stack: Ends what is started here.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._free: SimpleQueue[Selligent] = SimpleQueue()
        for _ in range(_WORKERS):
            server = stack.enter_context(EmulatorServer(EmulatorOptions(rate_limit=1_000_000)))
            selligent = Selligent(server.base_url)
            stack.callback(selligent.close)
            # FastAPI compiles its routes at their first call, and that is not to be done in several threads at once.
            selligent.refresh()
            selligent.prepare(["old"], "s")
            selligent.snapshot(["people"])
            self._free.put(selligent)
        self._pool = stack.enter_context(ThreadPoolExecutor(_WORKERS))
        stack.callback(self._pool.shutdown, cancel_futures=True)

    def start(self, case: Callable[[Selligent], Any]) -> Future[Any]:
        """Start a case as soon as an emulator is free."""
        return self._pool.submit(self._run, case)

    def _run(self, case: Callable[[Selligent], Any]) -> Any:
        selligent = self._free.get()
        try:
            selligent.refresh()
            return case(selligent)
        finally:
            self._free.put(selligent)


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    """The emulators."""
    with ExitStack() as stack:
        yield Workshop(stack)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, workshop: Workshop) -> dict[Any, Future[Any]]:
    """The outcomes, some still to come, of every selected `case` of a module: all are started at once."""
    cases: list[Any] = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.module is request.module
        and hasattr(item, "callspec")
        and "case" in item.callspec.params
    ]
    return {case: workshop.start(case) for case in dict.fromkeys(cases)}


@pytest.fixture
def outcome(outcomes: dict[Any, Future[Any]], case: Callable[[Selligent], Any]) -> Any:
    """The outcome of the test's own case."""
    return outcomes[case].result()


@pytest.fixture
def selligent(emulator: EmulatorServer) -> Iterator[Selligent]:
    """An empty Selligent for a test without cases."""
    client = Selligent(emulator.base_url)
    client.refresh()
    yield client
    client.refresh()
    client.close()
