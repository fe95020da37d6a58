"""One emulator for all of these tests. At the start of each test it is empty and has its first options."""

from collections.abc import Iterator

import pytest

from target_selligent.emulator import EmulatorOptions, EmulatorServer
from tests.emulator.support import ApiClient


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    """One emulator for the whole test run."""
    with EmulatorServer(EmulatorOptions(rate_limit=1_000_000)) as running:
        yield running


@pytest.fixture(scope="session")
def first_options(server: EmulatorServer) -> dict[str, object]:
    """The options that can be changed, with their values at the start."""
    options: dict[str, object] = ApiClient(server.base_url).admin("GET", "options")
    fixed = {"db", "journal_size", "faults", "api_key", "api_secret"}
    return {name: value for name, value in options.items() if name not in fixed}


@pytest.fixture
def api(server: EmulatorServer, first_options: dict[str, object]) -> Iterator[ApiClient]:
    """A client of an empty emulator."""
    client = ApiClient(server.base_url)
    client.options(**first_options)
    client.admin("POST", "reset")
    with client.session:
        yield client


@pytest.fixture
def contacts(api: ApiClient) -> ApiClient:
    """A client of an emulator with the List `contacts`, of CID, PRICE and FLAG, and its static Segment `vip`."""
    api.create_list(columns=("CID", "PRICE", "FLAG"))
    api.create_segment()
    return api
