"""A pool of emulators, over https and over http, for cases that run side by side."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.emulator import EmulatorOptions, EmulatorServer
from tests.support import CertificateAuthority, Tenant

from .tap import create_people, read_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_selligent.emulator import Tls

_WORKERS = 6


class EmulatorPool:
    """Runs cases side by side, each with its own emulator: over https, or over http if the case has no `tls`.

    Args:
        stack: Stops the emulators and the threads.
        authority: Issues the certificates.
    """

    def __init__(self, stack: ExitStack, authority: CertificateAuthority) -> None:
        self._free: dict[bool, SimpleQueue[Tenant]] = {}
        # FastAPI compiles its routes at their first call and must not do so in several threads at once. So all
        # emulators have answered before the first case starts.
        for over_tls, tls in ((True, authority.issue()), (False, None)):
            self._free[over_tls] = SimpleQueue()
            for _ in range(_WORKERS):
                self._free[over_tls].put(_start_emulator(stack, tls))
        self._pool = stack.enter_context(ThreadPoolExecutor(_WORKERS))
        stack.callback(self._pool.shutdown, cancel_futures=True)

    def start(self, case: Callable[[Tenant], Any]) -> Future[Any]:
        """Start a case as soon as an emulator is free."""
        return self._pool.submit(self._run, case)

    def _run(self, case: Callable[[Tenant], Any]) -> Any:
        free = self._free[getattr(case, "tls", False)]
        tenant = free.get()
        try:
            tenant.start_over()
            return case(tenant)
        finally:
            free.put(tenant)


def _start_emulator(stack: ExitStack, tls: Tls | None) -> Tenant:
    server = stack.enter_context(EmulatorServer(EmulatorOptions(rate_limit=1_000_000), tls=tls))
    tenant = Tenant(server.base_url)
    stack.callback(tenant.close)
    tenant.start_over()
    create_people(tenant, ["old"], "s")
    read_snapshot(tenant, ["people"])
    return tenant


@pytest.fixture(scope="session")
def emulator_pool(authority: CertificateAuthority) -> Iterator[EmulatorPool]:
    """The pool of emulators."""
    with ExitStack() as stack:
        yield EmulatorPool(stack, authority)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, emulator_pool: EmulatorPool) -> dict[Any, Future[Any]]:
    """The future outcomes of every selected `case` of a module, which all start at once."""
    cases: list[Any] = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.module is request.module
        and hasattr(item, "callspec")
        and "case" in item.callspec.params
    ]
    return {case: emulator_pool.start(case) for case in dict.fromkeys(cases)}


@pytest.fixture
def outcome(outcomes: dict[Any, Future[Any]], case: Callable[[Tenant], Any]) -> Any:
    """The outcome of the test's own case."""
    return outcomes[case].result()


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> Iterator[Tenant]:
    """An empty tenant for a test without cases: over https, or over http if its parameter says so."""
    fixture = "emulator" if getattr(request, "param", "https") == "http" else "tls_emulator"
    client = Tenant(request.getfixturevalue(fixture).base_url)
    client.start_over()
    yield client
    client.start_over()
    client.close()
