"""A transport for runs that write nothing: reads reach Selligent, writes are answered here as if it had accepted them.

What a write would have created is there for later reads, so a run goes on as it would in Selligent.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.api.responses import Quota, read_clock_difference, read_quota
from target_selligent.api.transport import Transport
from target_selligent.errors import NotFoundError
from target_selligent.records import RECORD_NUMBER_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests

_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_ACCEPTED = {"result_code": "Succeeded"}


@dataclass(frozen=True, slots=True)
class PlannedCreation:
    """Something that a run would create.

    Args:
        kind: `List`, `fields`, `Segment` or `relation`.
        list_api_name: The List, or the List in which it would be created.
        names: The names of the fields, or of the Segment or relation. For a List, its type.
    """

    kind: str
    list_api_name: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        names = ", ".join(self.names)
        if self.kind == "List":
            return f"List {self.list_api_name} ({names})"
        return f"{self.kind} {names} of List {self.list_api_name}"


@dataclass(slots=True)
class _PretendedList:
    """What a run would have added to a List by now.

    Attributes:
        details: The response to a read of the List, if the List itself is new.
        fields: Its new fields, as a response holds them.
        segments: Its new Segments: without case, and as they were named.
        relations: Its new relations, as a response holds them.
    """

    details: dict[str, Any] | None = None
    fields: list[dict[str, Any]] = field(default_factory=list)
    segments: dict[str, str] = field(default_factory=dict)
    relations: list[dict[str, Any]] = field(default_factory=list)

    def find(self, path: Sequence[str]) -> dict[str, Any] | None:
        """Return the response to a read of a planned Segment or relation; None for anything else.

        Args:
            path: Parts of the path below the List.
        """
        kind, name, *rest = (*path, "", "")
        if kind == "segments" and name.casefold() in self.segments:
            details = {"api_name": self.segments[name.casefold()], "type": "Static"}
            return {"data": []} if "search" in rest else details
        if kind == "relations":
            return next((one for one in self.relations if one["scope"].casefold() == name.casefold()), None)
        return None


class PlannedWrites:
    """What a run would have written by now. All threads share one object.

    Attributes:
        creations: What would be created, in order.
        calls: How many calls of each kind would write, by method and the last part of the path.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: dict[str, _PretendedList] = {}
        self.creations: list[PlannedCreation] = []
        self.calls: Counter[str] = Counter()

    def accept(self, method: str, path: Sequence[str], body: bytes | Mapping[str, Any] | None) -> dict[str, Any]:
        """Note a call that would write.

        Args:
            method: HTTP method.
            path: Parts of the path below the organization.
            body: Rows as a JSON array, or an object.

        Returns:
            The response of a Selligent that accepts everything.
        """
        with self._lock:
            self.calls[f"{method} {path[-1]}"] += 1
            if isinstance(body, bytes):
                rows = len(_ROWS.decode(body))
                name = "number_of_deleted_records" if method == "DELETE" else "number_of_inserted_records"
                return {**_ACCEPTED, name: rows}
            if method == "POST" and body is not None:
                self._create(path, body)
            return dict(_ACCEPTED)

    def read(self, path: Sequence[str], label: str) -> dict[str, Any] | None:
        """Return the response to a read of what is only planned; None if Selligent must be asked.

        Args:
            path: Parts of the path below the organization.
            label: Name of the call, for error messages.

        Raises:
            NotFoundError: If it is neither in Selligent nor planned.
        """
        known = self._lists.get(path[1].casefold()) if len(path) > 1 else None
        if known is None:
            return None
        planned = known.find(path[2:])
        if planned is not None or known.details is None:
            return planned
        if len(path) == 2:  # noqa: PLR2004 - lists/{list}
            return known.details
        if path[-1] == "search":
            return {"data": []}
        if len(path) == 3:  # noqa: PLR2004 - lists/{list}/{name}
            own_number = {"name": RECORD_NUMBER_FIELD, "data_type": "Long", "content": "Free"}
            return self.complete(path, {path[-1]: [own_number] if path[-1] == "fields" else []})
        raise NotFoundError("not found", call=label)

    def complete(self, path: Sequence[str], response: dict[str, Any]) -> dict[str, Any]:
        """Return a response with the planned fields or relations of its List.

        Args:
            path: Parts of the path below the organization.
            response: The response without them.
        """
        known = self._lists.get(path[1].casefold()) if len(path) > 1 else None
        name = path[-1] if len(path) == 3 else ""  # noqa: PLR2004 - lists/{list}/{name}
        if known is None or name not in {"fields", "relations"}:
            return response
        planned = known.fields if name == "fields" else known.relations
        listed = response.get(name)
        return {**response, name: [*(listed if isinstance(listed, list) else ()), *planned]}

    def _create(self, path: Sequence[str], body: Mapping[str, Any]) -> None:
        """Note what a call would create."""
        if len(path) == 1:
            name, kind = str(body["api_name"]), str(body["type"])
            self._lists.setdefault(name.casefold(), _PretendedList()).details = {
                "api_name": name,
                "description": body["description"],
                "type": kind,
            }
            self.creations.append(PlannedCreation("List", name, (kind,)))
            return
        list_api_name = path[1]
        known = self._lists.setdefault(list_api_name.casefold(), _PretendedList())
        if path[2] == "fields":
            known.fields += body["fields"]
            names = tuple(str(one["name"]) for one in body["fields"])
            self.creations.append(PlannedCreation("fields", list_api_name, names))
        elif path[2] == "segments":
            segment = str(body["api_name"])
            known.segments[segment.casefold()] = segment
            self.creations.append(PlannedCreation("Segment", list_api_name, (segment,)))
        elif path[2] == "relations":
            for one in body["relations"]:
                known.relations.append(
                    {
                        "scope": one["scope"],
                        "relation_type": one["type"],
                        "master_list_field_name": one["masterlist_field_name"],
                        "slave_list_api_name": one["slavelist_api_name"],
                        "slave_list_field_name": one["slavelist_field_name"],
                    }
                )
                self.creations.append(PlannedCreation("relation", list_api_name, (str(one["scope"]),)))


class PlanningTransport(Transport):
    """A transport that sends reads only: GET calls and searches. The arguments are those of `Transport`.

    Attributes:
        writes: What would have been written by now.
        searches: Whether searches of records are sent. If not, they find nobody.
        read_calls: How many calls were sent.
        read_seconds: Their total time.
        quota: What the last response says about the quota; None before the first response.
        clock_difference: How many seconds Selligent's clock is ahead of that of this machine, by the last response;
            None if it has no date.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - those of `Transport`
        super().__init__(*args, **options)
        self._counting = threading.Lock()
        self.writes = PlannedWrites()
        self.searches = True
        self.read_calls = 0
        self.read_seconds = 0.0
        self.quota: Quota | None = None
        self.clock_difference: float | None = None

    def call(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str | int] | None = None,
        body: bytes | dict[str, Any] | None = None,
        splittable: bool = False,
    ) -> dict[str, Any]:
        """Send a read; answer a write. The arguments, the result and the errors are those of `Transport.call`."""
        if method != "GET" and path[-1] != "search":
            return self.writes.accept(method, path, body)
        planned = self.writes.read(path, f"{method} {'/'.join(path)}")
        if planned is not None:
            return planned
        if path[-1:] == ["search"] and not self.searches:
            return {"data": []}
        started_at = time.monotonic()
        try:
            response = super().call(method, path, query=query, body=body, splittable=splittable)
        finally:
            with self._counting:
                self.read_calls += 1
                self.read_seconds += time.monotonic() - started_at
        return self.writes.complete(path, response)

    def _note_response(self, response: requests.Response | None) -> None:
        super()._note_response(response)
        if response is not None:
            self.quota = read_quota(response)
            self.clock_difference = read_clock_difference(response)
