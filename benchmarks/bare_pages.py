"""The lower bound of a mirror's reading: all members of all Segments, page after page; one thread, nothing else."""

from __future__ import annotations

import sys
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import msgspec

_TAKE = 10_000


def main() -> None:
    """Read the members; arguments: base URL, organization, List, key field, Segments."""
    base_url, organization, list_name, key, *segments = sys.argv[1:]
    connection = HTTPConnection(urlsplit(base_url).netloc)
    root = f"/Portal/Api/organizations/{organization}/lists/{list_name}"
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode

    def read(segment: str, after: int) -> list[list[Any]]:
        filters = [{"field_name": "ID", "operator": "GreaterThan", "field_value": str(after)}]
        body = encode({"fields": ["ID", key], "take": _TAKE, "order_by": "ID", "filters": filters})
        path = f"{root}/segments/{segment}/data/search"
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        rows: list[list[Any]] = decode(connection.getresponse().read())["data"]
        return rows

    for segment in segments:
        after = 0
        while rows := read(segment, after):
            after = rows[-1][0]


if __name__ == "__main__":
    main()
