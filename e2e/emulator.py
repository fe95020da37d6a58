"""Selligent's emulator as a server of our own, read back over its HTTP API."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from e2e import processes
from e2e.processes import E2EError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ORGANIZATION = "my_org"
API_KEY, API_SECRET = "demo-key", "demo-secret"
_LISTENS = re.compile(r"http://127\.0\.0\.1:\d+(?=\s)")
_START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator.

    Args:
        base_url: Where it listens.
    """

    base_url: str

    def create_list(self, list_api_name: str) -> None:
        """Create a Userlist, with the fields that each has."""
        url = f"{self.base_url}/Portal/Api/organizations/{ORGANIZATION}/lists"
        self._call(url, {"api_name": list_api_name, "name": list_api_name, "type": "Userlist"})

    def create_segment(self, list_api_name: str, segment: str) -> None:
        """Create a static Segment of a List."""
        url = f"{self.base_url}/_emulator/segments"
        self._call(url, {"list": list_api_name, "api_name": segment, "type": "Static"})

    def list_records(self, list_api_name: str, fields: Sequence[str]) -> list[list[Any]]:
        """Return all records of a List, each with the values of the given fields."""
        return self._search(f"lists/{quote(list_api_name, safe='')}", fields)

    def segment_members(self, list_api_name: str, segment: str, fields: Sequence[str]) -> list[list[Any]]:
        """Return all members of a Segment, each with the values of the given fields."""
        path = f"lists/{quote(list_api_name, safe='')}/segments/{quote(segment, safe='')}"
        return self._search(path, fields)

    def count(self, list_api_name: str) -> int:
        """Return how many records a List has; 0 if there is no such List."""
        lists = self._call(f"{self.base_url}/_emulator/lists")
        return sum(one["records"] for one in lists if one["api_name"] == list_api_name)

    def _search(self, path: str, fields: Sequence[str]) -> list[list[Any]]:
        url = f"{self.base_url}/Portal/Api/organizations/{ORGANIZATION}/{path}/data/search"
        answer = self._call(url, {"fields": list(fields)})
        if answer.get("result_code") != "Succeeded" or answer.get("fields") != list(fields):
            raise E2EError(f"unexpected answer to a search in {path}: {str(answer)[:500]}")
        data: list[list[Any]] = answer["data"]
        return data

    @staticmethod
    def _call(url: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON from the wire
        headers = {"X-ApiKey": f"{API_KEY}:{API_SECRET}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers)  # noqa: S310 - our own loopback server
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer, parse_float=Decimal)
        except urllib.error.HTTPError as error:
            raise E2EError(f"{url}: {error} {error.read().decode(errors='replace')[:500]}") from None


@contextlib.contextmanager
def running_emulator(folder: Path, *options: str) -> Iterator[Emulator]:
    """Start an emulator, and stop it at the end.

    Args:
        folder: Existing folder for its database.
        options: More options of its command.

    Yields:
        The emulator.
    """
    command = Path(sys.executable).with_name("target-selligent-emulator")
    log = folder / "emulator.log"
    with log.open("w", encoding="utf-8") as stream:
        process = processes.start([command, "--port", "0", "--db", folder / "selligent.db", *options], log=stream)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while (announced := _LISTENS.search(log.read_text(encoding="utf-8"))) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise E2EError(f"the emulator does not start:\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.1)
        yield Emulator(announced.group())
    finally:
        processes.stop(process)
