"""Emulators for cases that run side by side, each with one of its own, over https as tenants are, or over http."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.emulator import EmulatorOptions, EmulatorServer

from .harness import Selligent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_selligent.emulator import Tls
    from tests.tls import Authority

_WORKERS = 6


class Workshop:
    """Runs cases side by side; each gets an emulator to itself, over https if it has `tls`.

    Args:
        stack: Ends what is started here.
        authority: Makes the certificates.
    """

    def __init__(self, stack: ExitStack, authority: Authority) -> None:
        self._free: dict[bool, SimpleQueue[Selligent]] = {}
        # FastAPI compiles its routes at their first call, and that is not to be done in several threads at once: all
        # emulators are there, and have answered, before the first case starts.
        for over_tls, tls in ((True, authority.issue()), (False, None)):
            self._free[over_tls] = SimpleQueue()
            for _ in range(_WORKERS):
                self._free[over_tls].put(_started(stack, tls))
        self._pool = stack.enter_context(ThreadPoolExecutor(_WORKERS))
        stack.callback(self._pool.shutdown, cancel_futures=True)

    def start(self, case: Callable[[Selligent], Any]) -> Future[Any]:
        """Start a case as soon as an emulator is free."""
        return self._pool.submit(self._run, case)

    def _run(self, case: Callable[[Selligent], Any]) -> Any:
        free = self._free[getattr(case, "tls", False)]
        selligent = free.get()
        try:
            selligent.refresh()
            return case(selligent)
        finally:
            free.put(selligent)


def _started(stack: ExitStack, tls: Tls | None) -> Selligent:
    server = stack.enter_context(EmulatorServer(EmulatorOptions(rate_limit=1_000_000), tls=tls))
    selligent = Selligent(server.base_url)
    stack.callback(selligent.close)
    selligent.refresh()
    selligent.prepare(["old"], "s")
    selligent.snapshot(["people"])
    return selligent


@pytest.fixture(scope="session")
def workshop(authority: Authority) -> Iterator[Workshop]:
    """The emulators."""
    with ExitStack() as stack:
        yield Workshop(stack, authority)


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
def selligent(request: pytest.FixtureRequest) -> Iterator[Selligent]:
    """An empty Selligent for a test without cases: over https, or over http if its parameter says so."""
    fixture = "emulator" if getattr(request, "param", "https") == "http" else "tls_emulator"
    client = Selligent(request.getfixturevalue(fixture).base_url)
    client.refresh()
    yield client
    client.refresh()
    client.close()
