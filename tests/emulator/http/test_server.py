"""The server in a thread."""

import gc
import socket

import pytest
import requests

from target_selligent.emulator import EmulatorOptions, EmulatorServer
from tests.emulator.support import wait_until
from tests.support import CertificateAuthority


def test_a_hang_does_not_delay_the_end_of_the_server() -> None:
    """The end of the server ends calls that would hang for an hour."""
    rules = [{"kind": "hang", "path": "/lists$", "times": 0}]
    server = EmulatorServer(EmulatorOptions(faults=rules))
    server.start()
    host, _, port = server.base_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        path = "/Portal/Api/organizations/my_org/lists"
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-ApiKey: demo-key:demo-secret\r\n\r\n"
        client.sendall(request.encode())
        wait_until(lambda: requests.get(f"{server.base_url}/_emulator/requests", timeout=60).json())
        server.stop()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_open_connections_end_with_the_server(authority: CertificateAuthority) -> None:
    """The end of the server closes https connections that the client keeps open."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(authority.file)
        with EmulatorServer(tls=authority.issue()) as server:
            assert session.get(f"{server.base_url}/_emulator/counters", timeout=60).status_code == 200
        del server
        gc.collect()  # pytest makes an error of what an unclosed transport says when it is collected


def test_it_listens_on_the_loopback_interface_only() -> None:
    """The address is 127.0.0.1, whatever the port."""
    with EmulatorServer() as server:
        assert server.base_url.startswith("http://127.0.0.1:")


def test_a_port_in_use_is_an_error() -> None:
    """A port in use is an error at once."""
    with EmulatorServer() as server, pytest.raises(OSError, match="in use"):
        EmulatorServer(port=int(server.base_url.rpartition(":")[2]))


@pytest.mark.parametrize(
    "options",
    [EmulatorOptions(organizations=[]), EmulatorOptions(rate_limit=0), EmulatorOptions(faults=[{"kind": "explode"}])],
    ids=["organizations", "rate_limit", "faults"],
)
def test_wrong_options_are_an_error(options: EmulatorOptions) -> None:
    """Options that are not valid are an error at once."""
    with pytest.raises(ValueError, match=r"organizations|rate_limit|kind"):
        EmulatorServer(options)
