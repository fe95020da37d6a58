"""One message when a run ends, sent to a web hook. It fails no run. Its address is a secret, and is never logged."""

from __future__ import annotations

import logging
import threading
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

if TYPE_CHECKING:
    from target_selligent.reports.summary import RunSummary, Verdict

logger = logging.getLogger("target-selligent")

_SECONDS = 10
_MAX_REASON = 500
_SECONDS_PER_MINUTE = 60
_SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
_TEAMS_DOMAINS = (".webhook.office.com", ".logic.azure.com", ".api.powerplatform.com")

_VERDICTS = {
    "succeeded": "loaded all records",
    "rejects": "loaded all records but the rejected ones",
    "failed": "failed",
    "stopped": "was stopped",
}
_SENT: dict[str, frozenset[Verdict]] = {
    "failure": frozenset({"failed", "stopped"}),
    "rejects": frozenset({"failed", "stopped", "rejects"}),
    "always": frozenset({"failed", "stopped", "rejects", "succeeded"}),
}
"""By the value of `alert_on`, the verdicts that are sent."""


class Alert:
    """Sends one message when a run ends.

    Args:
        url: The web hook, as in the setting `alert_url`.
        sent_on: When a message is sent, as in the setting `alert_on`.
    """

    def __init__(self, url: str, sent_on: str) -> None:
        self._url, self._verdicts = url, _SENT[sent_on]

    def send(self, summary: RunSummary) -> None:
        """Send the message, if the verdict asks for it. It takes ten seconds at most, and no exception is raised.

        Args:
            summary: What became of the run.
        """
        if summary.verdict not in self._verdicts:
            return
        outcome = ["no answer in time"]
        # requests limits only the time between two parts of an answer.
        thread = threading.Thread(target=self._post, args=(build_message(summary, self._url), outcome), daemon=True)
        thread.start()
        thread.join(_SECONDS)
        if outcome[-1]:
            logger.warning("The alert (alert_url) was not delivered: %s", outcome[-1])

    def _post(self, message: dict[str, Any], outcome: list[str]) -> None:
        """Post the message; append what went wrong, or an empty text."""
        silence = _Silence(threading.get_ident())
        urllib3_logger = logging.getLogger("urllib3.connectionpool")
        urllib3_logger.addFilter(silence)
        try:
            with requests.Session() as session:
                # A login from .netrc is not for this host. Plain http is allowed to this machine only: without a proxy.
                session.auth = _no_auth
                session.trust_env = self._url.startswith("https://")
                response = session.post(self._url, json=message, timeout=_SECONDS, allow_redirects=False)
            is_good = HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES
            outcome.append("" if is_good else f"the answer has status {response.status_code}")
        except Exception as error:  # noqa: BLE001 - an alert fails no run; its text may hold the address
            outcome.append(type(error).__name__)
        finally:
            urllib3_logger.removeFilter(silence)


class _Silence(logging.Filter):
    """Drops what one thread logs. urllib3 logs the path of each request at DEBUG, and here it is a secret.

    Args:
        thread: The number of the thread.
    """

    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is kept."""
        return record.thread != self._thread


def build_message(summary: RunSummary, url: str) -> dict[str, Any]:
    """Return the message about a run, in the form that its receiver understands.

    Slack takes only `text`, in which three characters are escaped (https://docs.slack.dev/messaging/formatting-message-text).
    A web hook of Teams takes an adaptive card
    (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using).

    Args:
        summary: What became of the run.
        url: The web hook.
    """
    text = _describe(summary)
    host = urlsplit(url).hostname or ""
    if host in _SLACK_HOSTS:
        return {"text": escape(text, quote=False)}
    if host.endswith(_TEAMS_DOMAINS):
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [{"type": "TextBlock", "text": text, "wrap": True}],
        }
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        return {"type": "message", "attachments": [attachment]}
    figures = ("run_id", "verdict", "reason", "started_at", "ended_at", "seconds", "read", "acknowledged", "rejected")
    return {"text": text, **{name: getattr(summary, name) for name in figures}}


def _describe(summary: RunSummary) -> str:
    """Return what became of a run, in two lines at most."""
    minutes, seconds = divmod(round(summary.seconds), _SECONDS_PER_MINUTE)
    names = ", ".join(dict.fromkeys(one.list for one in summary.lists)) or summary.settings["list_api_name"]
    figures = f"{summary.read:,} read, {summary.acknowledged:,} acknowledged, {summary.rejected:,} rejected"
    took = f"{minutes:,} min {seconds} s" if minutes else f"{seconds} s"
    reason = f"\n{summary.reason[:_MAX_REASON]}" if summary.reason else ""
    return f"target-selligent {_VERDICTS[summary.verdict]} ({names}): {figures}, in {took}{reason}"


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
