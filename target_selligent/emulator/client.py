"""The emulator as a test sees it: over HTTP, without the login of the API and without a library."""

import json
from dataclasses import asdict
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from target_selligent.emulator.options import EmulatorOptions

_FIXED = {"db", "journal_size", "faults"}
_TIMEOUT = 60
_TAKE = 500


class SelligentEmulator:
    """A running emulator of one test.

    Args:
        base_url: The address of the emulator.
        options: Its options at the start.

    Attributes:
        url: The address of the emulator, for the setting `base_url`. A browser shows its page there.
        organization: The first organization: that of `config`, and of all Lists here.
    """

    def __init__(self, base_url: str, options: EmulatorOptions) -> None:
        self.url = base_url
        self.organization = options.organizations[0]
        self._options = asdict(options)

    def config(self, list_api_name: str = "contacts", **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - settings
        """Return a config with which the target loads into this emulator.

        Args:
            list_api_name: The List to load into.
            settings: Further settings of the target.
        """
        return {
            "base_url": self.url,
            "api_key": self._options["api_key"],
            "api_secret": self._options["api_secret"],
            "organization": self.organization,
            "list_api_name": list_api_name,
            **settings,
        }

    # What it holds

    def lists(self) -> dict[str, int]:
        """Return the Lists: API name to how many records it has."""
        found = self.call("GET", "lists")
        return {one["api_name"]: one["records"] for one in found if one["organization"] == self.organization}

    def fields(self, list_api_name: str = "contacts") -> dict[str, str]:
        """Return the fields of a List: name to type, such as `Long` or `Text(50)`."""
        return {
            one["name"]: f"{one['data_type']}({one['length']})" if one["length"] else one["data_type"]
            for one in self.call("GET", "fields", list=list_api_name, organization=self.organization)
        }

    def records(self, list_api_name: str = "contacts", segment: str | None = None) -> list[dict[str, Any]]:
        """Return the records of a List, or the members of one of its Segments, in the order of their creation.

        Each record has the values of all fields by name, and its number as `ID`.
        """
        query = {"list": list_api_name, "organization": self.organization, "take": _TAKE, "exact": "true"}
        if segment is not None:
            query["segment"] = segment
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self.call("GET", "records", after=after, **query)
            found += [dict(zip(page["fields"], row, strict=True)) for row in page["rows"]]
            after = page["next"]
        return found

    def segments(self, list_api_name: str = "contacts") -> dict[str, int]:
        """Return the Segments of a List: API name to how many members it has."""
        query = {"list": list_api_name, "organization": self.organization, "take": _TAKE}
        found: dict[str, int] = {}
        while True:
            segments = self.call("GET", "segments", skip=len(found), **query)["segments"]
            found |= {one["api_name"]: one["members"] for one in segments}
            if len(segments) < _TAKE:
                return found

    # What it was asked

    def requests(self) -> list[dict[str, Any]]:
        """Return the calls of the test: method, path, query, status, rows, outcome and more."""
        found: list[dict[str, Any]] = self.call("GET", "requests")
        return found

    def writes(self) -> list[dict[str, Any]]:
        """Return what these calls wrote: operation, List, Segment, fields, keys and values."""
        found: list[dict[str, Any]] = self.call("GET", "writes", values="true")
        return found

    # How it answers

    def add_fault(self, kind: str, **rule: Any) -> int:  # noqa: ANN401 - parts of a rule
        """Add a fault rule; return its number."""
        (added,) = self.call("POST", "faults", [{"kind": kind, **rule}])
        number: int = added["id"]
        return number

    def faults(self) -> list[dict[str, Any]]:
        """Return the rules in force, with how many calls each matched (`seen`) and disturbed (`fired`)."""
        found: list[dict[str, Any]] = self.call("GET", "faults")
        return found

    def clear_faults(self) -> None:
        """Drop all fault rules, and end the hangs and delays that go on."""
        self.call("DELETE", "faults")

    def set_options(self, **options: Any) -> None:  # noqa: ANN401 - options of every type
        """Change options of the emulator, until the end of the test."""
        self.call("PATCH", "options", options)

    def reset(self) -> None:
        """Drop all data, logs and faults; set the options and faults back to those of the start."""
        self.set_options(**{name: value for name, value in self._options.items() if name not in _FIXED})
        self.call("POST", "reset")
        if self._options["faults"]:
            self.call("POST", "faults", self._options["faults"])

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:  # noqa: ANN401 - JSON
        """Call `/_emulator`; return the value of the response.

        Args:
            method: The HTTP method.
            path: The path below `/_emulator`.
            body: The body.
            query: The query parameters.

        Raises:
            ValueError: The emulator refuses the call.
        """
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=_TIMEOUT)
        try:
            address = f"/_emulator/{path}?{urlencode(query)}"
            text = None if body is None else json.dumps(body)
            connection.request(method, address, text, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read().decode()
        finally:
            connection.close()
        if response.status >= 400:  # noqa: PLR2004 - the lowest status of a refusal
            raise ValueError(f"{method} /_emulator/{path}: {response.status} {answer}")
        return json.loads(answer) if answer else None
