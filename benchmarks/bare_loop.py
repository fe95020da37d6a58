"""The lower bound: read, decode, build rows, post; one thread, no validation, no STATE, nothing that can go wrong.

Each batch is one List load, and one load of keys for each of its Segments.
"""

from __future__ import annotations

import sys
from http.client import HTTPConnection
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit

import msgspec

_BATCH_ROWS = 2500


def main() -> None:
    """Load standard input; arguments: base URL, organization, List, key column, Segment column."""
    base_url, organization, list_name, key, segment_column = sys.argv[1:]
    connection = HTTPConnection(urlsplit(base_url).netloc)
    root = f"/Portal/Api/organizations/{organization}/lists/{list_name}"
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode

    def post(path: str, rows: list[Any]) -> None:
        connection.request("POST", f"{root}{path}?mode=Sync", encode(rows), {"Content-Type": "application/json"})
        decode(connection.getresponse().read())

    def load() -> None:
        post("/data/load", rows)
        for segment, keys in segments.items():
            post(f"/segments/{segment}/data/load", keys)
        rows.clear()
        segments.clear()

    get = itemgetter(key)
    rows: list[Any] = []
    segments: dict[str, list[tuple[Any]]] = {}
    for line in sys.stdin.buffer:
        message = decode(line)
        kind = message["type"]
        if kind == "RECORD":
            record = message["record"]
            rows.append(get(record))
            segments.setdefault(record[segment_column], []).append((record[key],))
            if len(rows) == _BATCH_ROWS:
                load()
        elif kind == "SCHEMA":
            get = itemgetter(*(name for name in message["schema"]["properties"] if name != segment_column))
    if rows:
        load()


if __name__ == "__main__":
    main()
