"""Endpoints that a run does not need: a check asks them what the organization and its Lists are like."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_selligent.api.transport import Transport


class OverviewCalls:
    """Calls the endpoints that describe the organization.

    Args:
        transport: Sends the requests.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_organization(self) -> None:
        """Read the organization: the quickest way to find out whether address, login and organization are right."""
        self._transport.call("GET", [])

    def count_records(self, list_api_name: str) -> int | None:
        """Return how many records a List has; None if the response does not say it."""
        count = self._transport.call("GET", ["lists", list_api_name, "records"]).get("count")
        return count if isinstance(count, int) else None

    def list_names(self) -> list[str]:
        """Return the API names of the Lists of the organization."""
        lists = self._transport.call("GET", ["lists"]).get("lists")
        return [str(one["api_name"]) for one in lists or () if isinstance(one, dict) and one.get("api_name")]
