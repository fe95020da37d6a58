"""What the tests of destinations share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.loading.contacts import FIELDS, GET_FIELDS, GET_LIST, LIST

if TYPE_CHECKING:
    from tests.unit.prepared_server import PreparedServer


@pytest.fixture
def contacts(server: PreparedServer) -> PreparedServer:
    """A tenant with the List `contacts`."""
    server.answer(GET_LIST, LIST)
    server.answer(GET_FIELDS, FIELDS)
    return server
