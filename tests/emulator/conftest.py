"""One emulator for all tests, empty and with its first options at the start of each."""

from collections.abc import Iterator

import pytest

from target_selligent.emulator import EmulatorOptions, EmulatorServer
from tests.emulator.support import Api


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    """An emulator that runs as long as the tests do."""
    with EmulatorServer(EmulatorOptions(rate_limit=1_000_000)) as running:
        yield running


@pytest.fixture(scope="session")
def first_options(server: EmulatorServer) -> dict[str, object]:
    """The options that a test may change, as they were at the start."""
    options: dict[str, object] = Api(server.base_url).admin("GET", "options")
    fixed = {"db", "journal_size", "faults", "api_key", "api_secret"}
    return {name: value for name, value in options.items() if name not in fixed}


@pytest.fixture
def api(server: EmulatorServer, first_options: dict[str, object]) -> Iterator[Api]:
    """A client of an empty emulator."""
    client = Api(server.base_url)
    client.options(**first_options)
    client.admin("POST", "reset")
    with client.session:
        yield client


@pytest.fixture
def contacts(api: Api) -> Api:
    """A client of an emulator with the List `contacts`, of CID, PRICE and FLAG, and its static Segment `vip`."""
    api.create_list(columns=("CID", "PRICE", "FLAG"))
    api.create_segment()
    return api
