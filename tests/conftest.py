"""One emulator for all tests of the target; it is empty and has its first options when a test starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

# The server is imported by the tests that use it: unit tests start a second earlier without it.
from target_selligent import emulator as emulators

from .support import CertificateAuthority, Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_selligent.emulator import EmulatorServer


# How long an example takes is a matter of the machine, not of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatorServer]:
    """An emulator that runs as long as the tests do."""
    with emulators.EmulatorServer(emulators.EmulatorOptions(rate_limit=1_000_000)) as running:
        yield running


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CertificateAuthority]:
    """The authority of the https emulators; processes that start from now on trust it."""
    created = CertificateAuthority(tmp_path_factory.mktemp("tls"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in created.env.items():
            patch.setitem(os.environ, name, value)
        yield created


@pytest.fixture(scope="session")
def tls_emulator(authority: CertificateAuthority) -> Iterator[EmulatorServer]:
    """An emulator that serves https and runs as long as the tests do."""
    with emulators.EmulatorServer(emulators.EmulatorOptions(rate_limit=1_000_000), tls=authority.issue()) as running:
        yield running


@pytest.fixture
def tenant(emulator: EmulatorServer) -> Iterator[Tenant]:
    """An empty tenant."""
    client = Tenant(emulator.base_url)
    client.start_over()
    yield client
    client.close()
