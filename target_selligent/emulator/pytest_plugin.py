"""The pytest plugin of the emulator: pytest loads it in every project that has target-selligent installed.

So it imports nothing but pytest until a test asks for one of its fixtures.
"""

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from target_selligent.emulator.client import SelligentEmulator
    from target_selligent.emulator.http import EmulatorServer
    from target_selligent.emulator.options import EmulatorOptions

_EXTRA_MODULES = {"fastapi", "pydantic", "starlette", "uvicorn"}


@pytest.fixture(scope="session")
def selligent_emulator_options() -> "EmulatorOptions":
    """The options of the emulator. A project that needs others has a fixture of this name in its conftest."""
    from target_selligent.emulator.options import EmulatorOptions  # noqa: PLC0415 - at its first use

    return EmulatorOptions()


@pytest.fixture(scope="session")
def selligent_emulator_server(selligent_emulator_options: "EmulatorOptions") -> Iterator["EmulatorServer"]:
    """The emulator of the test run, on a free port of 127.0.0.1."""
    try:
        from target_selligent.emulator.http import EmulatorServer  # noqa: PLC0415 - needs the extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA_MODULES:
            raise
        pytest.fail('selligent_emulator needs an extra: pip install "target-selligent[emulator]"', pytrace=False)
    # A test may change the options of the server; those of the start stay as they are.
    with EmulatorServer(copy.deepcopy(selligent_emulator_options)) as server:
        yield server


@pytest.fixture
def selligent_emulator(
    selligent_emulator_server: "EmulatorServer", selligent_emulator_options: "EmulatorOptions"
) -> "SelligentEmulator":
    """An emulated Selligent without data, faults and calls of earlier tests."""
    from target_selligent.emulator.client import SelligentEmulator  # noqa: PLC0415 - at its first use

    emulator = SelligentEmulator(selligent_emulator_server.base_url, selligent_emulator_options)
    emulator.reset()
    return emulator
