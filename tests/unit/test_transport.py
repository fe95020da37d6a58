"""Transport: how failures of the network are told, and what no call may do."""

from __future__ import annotations

import socket

import pytest

from target_selligent.errors import ConnectionLostError, NotFoundError
from target_selligent.pacer import Pacer
from target_selligent.retries import RetryPolicy
from target_selligent.transport import Transport


def transport(port: int) -> Transport:
    """Return a transport to a port of this machine that tries once."""
    return Transport(
        f"http://127.0.0.1:{port}",
        "key",
        "hidden",
        "my_org",
        timeout=5,
        pacer=Pacer(100),
        policy=RetryPolicy(attempts=1),
    )


def test_nobody_listens() -> None:
    """An address where nothing listens is a lost connection, named by the call, without address or secret."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ConnectionLostError) as caught:
        transport(port).call("GET", ["lists", "contacts"])
    assert str(caught.value).startswith("GET lists/contacts: connection lost")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("part", ["", ".", ".."], ids=repr)
def test_no_name_leads_to_another_path(part: str) -> None:
    """A name that no encoding keeps from meaning another path is as good as not there, without a call."""
    with pytest.raises(NotFoundError):
        transport(1).call("GET", ["lists", "contacts", "segments", part])
