"""The alert of a run: one message at its end, whatever the end is; it fails no run and gives no secret away."""

from __future__ import annotations

import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import LIST, STATE_SOON, RunningCommand, encode, records, run_command, schema, state
from tests.unit.scripted_server import ScriptedServer, json_response

if TYPE_CHECKING:
    from tests.support import FinishedRun, Tenant

SCHEMA = schema({"key": "string", "mail": "string"})
ROWS = records("key mail", ("a", "ann@example.com"), (None, "eve@example.com"))
PATH = "/services/T0/B0/hook-secret"
DEBUG = {"TARGET_SELLIGENT_LOGLEVEL": "DEBUG"}


def run(tenant: Tenant, url: str, **settings: Any) -> FinishedRun:
    """Run the command with a web hook and a log that shows all that it can; the address must not be in it."""
    settings = {"create_list_if_not_exists": True, "alert_on": "always", **settings}
    done = tenant.run([SCHEMA, *ROWS], alert_url=url, env=DEBUG, **settings)
    assert "DEBUG" in done.stderr
    assert "hook-secret" not in done.stderr + done.stdout
    return done


def test_a_run_that_rejects(tenant: Tenant) -> None:
    """One POST of JSON, with the figures of the run, without values of records and without a login."""
    with ScriptedServer(json_response({}), json_response({})) as server:
        run(tenant, server.base_url + PATH, alert_on="rejects").succeeded()
        (request,) = server.requests
    assert (request.method, request.target) == ("POST", PATH)
    assert request.headers["content-type"] == "application/json"
    assert "x-apikey" not in request.headers
    assert request.json["text"].startswith(
        f"target-selligent loaded all records but the rejected ones ({LIST}): 2 read, 2 acknowledged, 1 rejected, in "
    )
    assert b"example.com" not in request.body


def test_a_run_that_fails(tenant: Tenant) -> None:
    """The message has the error with which the command ends."""
    with ScriptedServer(json_response({})) as server:
        done = run(tenant, server.base_url + PATH, alert_on="failure", api_secret="wrong")
        (request,) = server.requests
    assert done.error_line() == f"Error: {request.json['reason']}"
    assert request.json["verdict"] == "failed"


def test_a_run_that_is_stopped(tenant: Tenant) -> None:
    """A signal is a reason for an alert, too."""
    with ScriptedServer(json_response({})) as server:
        config = tenant.config(create_list_if_not_exists=True, alert_url=server.base_url + PATH, **STATE_SOON)
        with RunningCommand(config) as command:
            command.write(encode([SCHEMA, *ROWS, state({"position": 2}), SCHEMA, *ROWS]))
            command.read_state()
            command.process.send_signal(signal.SIGTERM)
            assert command.finish().returncode == 128 + signal.SIGTERM
        (request,) = server.requests
    assert request.json["verdict"] == "stopped"


def test_a_run_that_is_not_told_about(tenant: Tenant) -> None:
    """By default, only runs that fail or are stopped are."""
    with ScriptedServer(json_response({})) as server:
        run(tenant, server.base_url + PATH, alert_on="failure").succeeded()
        assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (json_response({}, 500), "the answer has status 500"),
        (json_response({}, 302, Location="http://127.0.0.1:9/hook-secret"), "the answer has status 302"),
        (b"nonsense\r\n\r\n", "ConnectionError"),
    ],
    ids=["refused", "elsewhere", "nonsense"],
)
def test_an_alert_that_is_not_accepted_fails_no_run(tenant: Tenant, answer: bytes, words: str) -> None:
    """The run stays green, and a warning says why; it is not sent again, and not to another address."""
    with ScriptedServer(answer, json_response({})) as server:
        done = run(tenant, server.base_url + PATH).succeeded()
        assert len(server.requests) == 1
    assert f"The alert (alert_url) was not delivered: {words}" in done.stderr


def test_nobody_there(tenant: Tenant) -> None:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = run(tenant, f"http://127.0.0.1:{port}{PATH}").succeeded()
    assert "The alert (alert_url) was not delivered: ConnectionError" in done.stderr


def test_a_receiver_that_never_answers(tenant: Tenant) -> None:
    """It holds up the end of the run for a limited time, ten seconds outside of this test."""
    soon = """
import target_selligent.reports.alert as alert
alert._SECONDS = 0.2
from target_selligent.__main__ import main
main()
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}{PATH}"
        config = tenant.config(create_list_if_not_exists=True, alert_url=url, alert_on="always")
        done = run_command(messages=[SCHEMA, *ROWS], config=config, program=(sys.executable, "-c", soon)).succeeded()
    assert "The alert (alert_url) was not delivered: " in done.stderr


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example.com/hook-secret", "alert_url must start with https://"),
        ("ftp://127.0.0.1/hook-secret", "alert_url must start with https://"),
        ("hook-secret", "alert_url is not a valid URL"),
        ("https://hooks.example.com/hook-secret\n", "alert_url is not a valid URL"),
        ("https://[hook-secret", "alert_url is not a valid URL"),
        ("https://user:hook-secret@example.com/", "alert_url must not contain a user or password"),
        (17, "alert_url must be text"),
    ],
)
def test_an_address_that_cannot_be_used(tenant: Tenant, url: Any, words: str) -> None:
    """It fails the config before the first call, and is not shown."""
    done = tenant.run([SCHEMA, *ROWS], alert_url=url)
    assert done.returncode != 0
    assert words in done.stderr
    assert "hook-secret" not in done.stderr
    assert tenant.calls() == []
