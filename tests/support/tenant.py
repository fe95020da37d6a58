"""The emulated Selligent of a test, over HTTP: its data, its options and faults, and what it was asked."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import requests

from target_selligent.emulator import EmulatorOptions

from .command import run_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .command import FinishedRun
    from .messages import Message

LIST = "contacts"
SECRET = "demo-secret"  # noqa: S105 - the emulator's

STATE_SOON = {"batch_max_age_seconds": 1, "segment_batch_max_age_seconds": 1}
"""Settings for a test that waits for a STATE while input goes on."""

_NEW_USERLIST = frozenset(
    ("ID", "NAME", "MAIL", "OPTOUT", "OPTOUT_DT", "OPTOUT_SOURCE", "LANGUAGE", "CREATED_DT", "MODIFIED_DT")
)
"""Fields that every new Userlist has."""

_FIRST_OPTIONS = {
    name: value
    for name, value in asdict(EmulatorOptions(rate_limit=1_000_000)).items()
    if name not in {"db", "journal_size", "faults"}
}
"""The options that each test starts with: every option that can be changed while the emulator runs."""

_TIMEOUT = 120


class EmulatorClient:
    """Calls of the emulator's API and of its admin API.

    Args:
        base_url: Address of the emulator; over https, REQUESTS_CA_BUNDLE names the file with its authority.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        self._session.headers["X-ApiKey"] = f"demo-key:{SECRET}"

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def call_api(self, method: str, path: str, **arguments: Any) -> Any:
        """Call the API below the organization; return the JSON of the answer, which must be a good one."""
        root = f"{self.base_url}/Portal/Api/organizations/my_org"
        response = self._session.request(method, root + path, timeout=_TIMEOUT, **arguments)
        assert response.ok, response.text
        return response.json()

    def call_admin(self, method: str, path: str, **arguments: Any) -> Any:
        """Call the admin API; return the JSON of the answer, which must be a good one, or None."""
        response = self._session.request(method, f"{self.base_url}/_emulator/{path}", timeout=_TIMEOUT, **arguments)
        assert response.ok, response.text
        return response.json() if response.content else None

    def set_options(self, **changes: Any) -> None:
        """Change options of the emulator."""
        self.call_admin("PATCH", "options", json=changes)

    def reset(self) -> None:
        """Delete all data, journals and faults."""
        self.call_admin("POST", "reset")

    def start_over(self, **options: Any) -> None:
        """Delete all data, journals and faults, and set every option back except the given ones."""
        self.clear_faults()
        self.set_options(**{**_FIRST_OPTIONS, **options})
        self.reset()

    def add_fault(self, kind: str, **rule: Any) -> None:
        """Add a fault rule."""
        self.call_admin("POST", "faults", json={"kind": kind, **rule})

    def clear_faults(self) -> None:
        """Delete every fault rule, and end the calls that hang."""
        self.call_admin("DELETE", "faults")

    def count_faults(self) -> int:
        """Return how many calls the faults have disturbed."""
        return sum(fault["fired"] for fault in self.call_admin("GET", "faults"))

    def count_requests(self) -> int:
        """Return how many requests were answered."""
        count: int = self.call_admin("GET", "counters")["requests"]
        return count

    def read_journal(self, name: str) -> list[dict[str, Any]]:
        """Return all `requests` or all `writes` since the last reset."""
        entries: list[dict[str, Any]] = self.call_admin("GET", name, params={"values": "true"})
        return entries


class Tenant(EmulatorClient):
    """The emulated Selligent of a test, which the command loads into."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self._requests: list[dict[str, Any]] = []
        self._writes: list[dict[str, Any]] = []

    def config(self, **settings: Any) -> dict[str, Any]:
        """Return a config for this tenant, with the given settings."""
        return {
            "base_url": self.base_url,
            "api_key": "demo-key",
            "api_secret": SECRET,
            "organization": "my_org",
            "list_api_name": LIST,
            # Loads do not grow, so that a test knows how many there are.
            "max_batch_size_rows": 1,
            **settings,
        }

    def run(
        self, messages: Iterable[Message] | bytes, *args: str, env: Mapping[str, str] | None = None, **settings: Any
    ) -> FinishedRun:
        """Run the command against this tenant, with the given settings; note what it calls and writes."""
        before = [self.call_admin("GET", journal) for journal in ("requests", "writes")]
        done = run_target(self.config(**settings), messages, *args, env=env)
        since = [entries[-1]["seq"] if entries else 0 for entries in before]
        self._requests = self.call_admin("GET", "requests", params={"since": since[0]})
        self._writes = self.call_admin("GET", "writes", params={"since": since[1], "values": "true"})
        return done

    # What other systems do in it

    def create_list(self, name: str = LIST, *, computed: Iterable[str] = (), **fields: str) -> None:
        """Create a Datalist.

        Args:
            name: Its API name.
            computed: Names of computed text fields.
            fields: Field name to type, as in `Text(20)`.
        """
        self.call_api("POST", "/lists", json={"api_name": name, "name": name, "type": "Datalist"})
        definitions: list[dict[str, Any]] = []
        for field, described in fields.items():
            kind, _, length = described.rstrip(")").partition("(")
            definitions.append({"name": field, "data_type": kind, **({"length": int(length)} if length else {})})
        definitions += [
            {"name": field, "data_type": "LongText", "content": "ComputedPersisted", "value_definition": "'x'"}
            for field in computed
        ]
        if definitions:
            self.call_api("POST", f"/lists/{name}/fields", json={"fields": definitions})

    def create_segment(self, segment: str, list_api_name: str = LIST, *, kind: str = "Static") -> None:
        """Create a Segment."""
        self.call_admin("POST", "segments", json={"list": list_api_name, "api_name": segment, "type": kind})

    def load_rows(self, fields: str, rows: list[list[Any]], list_api_name: str = LIST) -> None:
        """Load rows into a List; the first field is the key."""
        query = {"keyFields": fields.partition(",")[0], "fields": fields}
        self.call_api("POST", f"/lists/{list_api_name}/data/load", params=query, json=rows)

    def add_members(self, segment: str, field: str, keys: Sequence[Any], list_api_name: str = LIST) -> None:
        """Add the records with these keys to a Segment."""
        query = {"keyFields": field, "fields": field}
        path = f"/lists/{list_api_name}/segments/{segment}/data/load"
        self.call_api("POST", path, params=query, json=[[key] for key in keys])

    def set_description(self, description: str, list_api_name: str = LIST) -> None:
        """Change a List's description."""
        self.call_api("PUT", f"/lists/{list_api_name}", json={"name": list_api_name, "description": description})

    # What is in it

    def lists(self) -> dict[str, str]:
        """Return the Lists, API name to type."""
        return {item["api_name"]: item["type"] for item in self.call_api("GET", "/lists")["lists"]}

    def fields(self, list_api_name: str = LIST) -> dict[str, str]:
        """Return a List's fields but for those that every Userlist has, name to type, as in `Text(20)`."""
        fields = self.call_api("GET", f"/lists/{list_api_name}/fields")["fields"]
        return {
            field["name"]: f"{field['data_type']}({field['length']})" if field["length"] else field["data_type"]
            for field in fields
            if field["name"] not in _NEW_USERLIST
        }

    def rows(self, *fields: str, list_api_name: str = LIST) -> list[list[Any]]:
        """Return all records of a List: their values of the given fields, in the order of their making."""
        found: list[list[Any]] = self.call_api(
            "POST", f"/lists/{list_api_name}/data/search", json={"fields": list(fields)}
        )["data"]
        return found

    def segments(self, list_api_name: str = LIST) -> dict[str, str]:
        """Return a List's Segments, API name to type."""
        found = self.call_api("GET", f"/lists/{list_api_name}/segments")["segments"]
        return {segment["api_name"]: segment["segment_type"] for segment in found}

    def members(self, segment: str, field: str, list_api_name: str = LIST) -> list[Any]:
        """Return a field's value of each member of a Segment, sorted."""
        path = f"/lists/{list_api_name}/segments/{segment}/data/search"
        return sorted(value for (value,) in self.call_api("POST", path, json={"fields": [field]})["data"])

    # What the last run did

    def requests(self, path: str = "") -> list[dict[str, Any]]:
        """Return the last run's requests whose path holds a text."""
        return [entry for entry in self._requests if path in entry["path"]]

    def calls(self) -> list[str]:
        """Return the last run's requests as method and path below the List."""
        return [f"{entry['method']} {entry['path'].partition('/lists')[2]}".rstrip() for entry in self._requests]

    def writes(self, operation: str) -> list[dict[str, Any]]:
        """Return the last run's committed writes of one kind, with their values."""
        return [entry for entry in self._writes if entry["operation"] == operation]

    def outcomes(self) -> set[str]:
        """Return what became of the last run's requests: `answered` if all is well."""
        return {entry["outcome"] for entry in self._requests}
