"""What these tests share: a client of the emulator over plain HTTP. It uses nothing of the target."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import requests

KEY = "demo-key:demo-secret"
COLUMNS: dict[str, dict[str, Any]] = {
    "CID": {"data_type": "Text", "length": 20},
    "FLAG": {"data_type": "Boolean"},
    "SMALL": {"data_type": "Numeric"},
    "BIG": {"data_type": "Long"},
    "PRICE": {"data_type": "Float"},
    "DAY": {"data_type": "Date"},
    "MOMENT": {"data_type": "DateTime"},
    "NOTE": {"data_type": "LongText"},
    "DOC": {"data_type": "Json"},
    "MUST": {"data_type": "Text", "length": 5, "allow_null": True},
}


class ApiClient:
    """Calls of the API in one organization, and of `/_emulator`.

    Args:
        base_url: Address of the emulator.
        organization: Name of the organization.
    """

    def __init__(self, base_url: str, organization: str = "my_org") -> None:
        self.base_url = base_url
        self.root = f"{base_url}/Portal/Api/organizations/{organization}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["X-ApiKey"] = KEY

    def call(self, method: str, path: str = "", **arguments: Any) -> requests.Response:
        """Call the API."""
        return self.session.request(method, self.root + path, timeout=60, **arguments)

    def admin(self, method: str, path: str, **arguments: Any) -> Any:
        """Call `/_emulator`; return the body of the response."""
        response = self.session.request(method, f"{self.base_url}/_emulator/{path}", timeout=60, **arguments)
        response.raise_for_status()
        return response.json() if response.content else None

    def admin_status(self, method: str, path: str, body: Any) -> int:
        """Call `/_emulator`; return the status of the response."""
        url = f"{self.base_url}/_emulator/{path}"
        return self.session.request(method, url, json=body, timeout=60).status_code

    def options(self, **changes: Any) -> None:
        """Change options."""
        self.admin("PATCH", "options", json=changes)

    def fault(self, kind: str, **rule: Any) -> None:
        """Add a fault rule."""
        self.admin("POST", "faults", json={"kind": kind, **rule})

    def counters(self) -> Any:
        """Return the counters."""
        return self.admin("GET", "counters")

    def create_list(self, name: str = "contacts", kind: str = "Datalist", columns: Sequence[str] = ("CID",)) -> None:
        """Create a List with some of `COLUMNS`."""
        assert self.call("POST", "/lists", json={"api_name": name, "name": name, "type": kind}).ok
        fields = [{"name": column, **COLUMNS[column]} for column in columns]
        assert self.call("POST", f"/lists/{name}/fields", json={"fields": fields}).status_code == 201

    def create_segment(self, name: str = "vip") -> None:
        """Create a static Segment."""
        assert self.call("POST", "/lists/contacts/segments/static", json={"api_name": name, "name": name}).ok

    def send(self, path: str, fields: str, rows: Any, method: str = "POST", **query: Any) -> requests.Response:
        """Send a bulk call. Its key is CID, unless the query has another one."""
        parameters = {"keyFields": "CID", "fields": fields, **query}
        return self.call(method, f"/lists/contacts{path}", params=parameters, json=rows)

    def load(self, fields: str, rows: Any, **query: Any) -> Any:
        """Load records; return the body of the response."""
        response = self.send("/data/load", fields, rows, **query)
        assert response.status_code == 200, response.text
        return response.json()

    def load_segment(self, rows: Any, segment: str = "vip", **query: Any) -> Any:
        """Load members by CID; return the body of the response."""
        response = self.send(f"/segments/{segment}/data/load", "CID", rows, **query)
        assert response.status_code == 200, response.text
        return response.json()

    def rows(self, *fields: str, segment: str | None = None, **search: Any) -> list[list[Any]]:
        """Return the values of the records that a search finds."""
        path = "/lists/contacts" + (f"/segments/{segment}" if segment else "") + "/data/search"
        response = self.call("POST", path, json={"fields": fields, **search})
        assert response.status_code == 200, response.text
        found: list[list[Any]] = response.json()["data"]
        return found


def wait_until(holds: Callable[[], object]) -> None:
    """Check a condition again and again until it is true; fail after a minute."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end


def counts(answer: Any) -> dict[str, int]:
    """Return those counts of a bulk response that are not 0, by short names."""
    names = {"inserted", "updated", "deleted", "failed", "duplicate"}
    found = {name: answer.get(f"number_of_{name}_records", 0) for name in names}
    found["not_found"] = answer["number_of_records_not_found"]
    return {name: count for name, count in found.items() if count}
