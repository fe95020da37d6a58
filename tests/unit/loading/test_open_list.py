"""What a run creates in a List: it is waited for, and another run may create it, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_selligent.errors import BadRequestError, NotFoundError
from tests.unit.loading.contacts import FIELDS, GET_FIELDS, GET_LIST, LIST, POST_LIST, prepare
from tests.unit.prepared_server import NOT_FOUND, REFUSED

if TYPE_CHECKING:
    from tests.unit.prepared_server import PreparedServer


def test_a_new_list_is_waited_for(server: PreparedServer) -> None:
    """A List that was just created may not be found for a moment."""
    server.answer(GET_LIST, NOT_FOUND, NOT_FOUND, LIST)
    server.answer(POST_LIST, {})
    server.answer(GET_FIELDS, NOT_FOUND, FIELDS)
    prepare(server, create=True, name="string")
    assert (server.count(GET_LIST), server.count(GET_FIELDS)) == (3, 2)


def test_a_list_that_another_run_creates_at_the_same_time_is_used(server: PreparedServer) -> None:
    """If Selligent refuses to create it, and it is there then, the run goes on."""
    server.answer(GET_LIST, NOT_FOUND, LIST)
    server.answer(POST_LIST, REFUSED)
    server.answer(GET_FIELDS, FIELDS)
    prepare(server, create=True, name="string")
    server.answer(GET_LIST, NOT_FOUND)
    with pytest.raises(BadRequestError, match="not like this"):
        prepare(server, create=True, name="string")


def test_what_was_not_created_in_this_run_is_not_waited_for(contacts: PreparedServer) -> None:
    """A List that was deleted ends the run at once."""
    calls = []

    def load() -> None:
        calls.append(1)
        raise NotFoundError("gone", call="POST lists/contacts/data/load")

    with pytest.raises(NotFoundError):
        prepare(contacts).retry_until_visible(load)
    assert len(calls) == 1
