"""What an alert says, and to whom."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.reports.alert import Alert, build_message
from tests.unit.reports.example import summary
from tests.unit.scripted_server import ScriptedServer, json_response

FIGURES = (
    "target-selligent loaded all records but the rejected ones (master_contacts, orders): "
    "1,200,000 read, 1,200,000 acknowledged, 1,204 rejected, in 2 min 5 s"
)


def test_any_receiver_gets_text_and_figures() -> None:
    """A program can read the figures, a person the text; a List with several Segments is named once."""
    message = build_message(summary(), "https://example.com/hook")
    assert message["text"] == FIGURES
    assert (message["verdict"], message["read"], message["rejected"]) == ("rejects", 1_200_000, 1204)


def test_slack_gets_text_alone() -> None:
    """Its three special characters are escaped, so that a reason cannot call the whole channel."""
    message = build_message(
        summary(verdict="failed", reason="<!channel> & more"), "https://hooks.slack.com/services/T/B/x"
    )
    assert set(message) == {"text"}
    assert message["text"].endswith("\n&lt;!channel&gt; &amp; more")


@pytest.mark.parametrize(
    "host", ["prod-1.westeurope.logic.azure.com", "x.webhook.office.com", "default.1.environment.api.powerplatform.com"]
)
def test_teams_gets_a_card(host: str) -> None:
    """An adaptive card with the text."""
    message = build_message(summary(), f"https://{host}/workflows/1")
    (attachment,) = message["attachments"]
    assert (message["type"], attachment["content"]["type"]) == ("message", "AdaptiveCard")
    assert attachment["content"]["body"][0]["text"] == FIGURES


def test_a_run_that_failed_before_it_had_a_list() -> None:
    """The List of the settings is named; a long reason is cut."""
    failed = summary(verdict="failed", lists=[], reason="x" * 1000, settings={"list_api_name": "contacts"}, seconds=3.2)
    text = build_message(failed, "https://example.com")["text"]
    assert text.startswith("target-selligent failed (contacts): ")
    assert text.endswith(f"in 3 s\n{'x' * 500}")


@pytest.mark.parametrize(
    ("sent_on", "verdicts"),
    [
        ("failure", ["failed", "stopped"]),
        ("rejects", ["failed", "stopped", "rejects"]),
        ("always", ["failed", "stopped", "rejects", "succeeded"]),
    ],
)
def test_which_runs_are_told_about(sent_on: str, verdicts: list[Any]) -> None:
    """As alert_on says."""
    sent = []
    for verdict in ("failed", "stopped", "rejects", "succeeded"):
        with ScriptedServer(json_response({})) as server:
            Alert(f"{server.base_url}/hook", sent_on).send(summary(verdict=verdict))
            sent += [request.json["verdict"] for request in server.requests]
    assert sent == verdicts
