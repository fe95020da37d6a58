"""The demo behind `make demo`: sample customers through the installed target into an emulated Selligent.

It starts `target-selligent-emulator` on a free port of this machine, pipes a Singer stream into `target-selligent`, and
prints what Selligent holds then, read back over the same API that any client would use.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = Path(sys.executable).parent
CUSTOMERS = 3000
LIST = "master_contacts"
SAMPLE = (
    ("vip_customers", "C101", "mei@example.com", "Mei", 1520.50, "2026-05-01 10:15:00"),
    ("re_engagement", "C204", "dan@example.com", "Dan", 210.00, "2025-09-20 08:30:00"),
    ("standard_customers", "C319", "lina@example.com", "Lina", 480.75, "2026-04-12 19:45:00"),
)
SCHEMA = {
    "type": "object",
    "properties": {
        "selligent_segment": {"type": "string"},
        "customer_identifier": {"type": "string", "maxLength": 20},
        "email": {"type": "string"},
        "first_name": {"type": ["string", "null"]},
        "lifetime_value": {"type": "number"},
        "last_purchase_at": {"type": "string", "format": "date-time"},
    },
}
CONFIG = {
    "api_key": "demo-key",
    "api_secret": "demo-secret",
    "organization": "my_org",
    "list_api_name": LIST,
    "create_list_if_not_exists": True,
    "segment_column": "selligent_segment",
    "create_segment_if_not_exists": True,
}


def customers() -> Iterator[tuple[str, str, str, str | None, float, str]]:
    """Yield the sample of three, then generated customers, the same in every run."""
    yield from SAMPLE
    draw = random.Random(1)  # noqa: S311 - sample data
    names = ("Zoë", "Søren", "María", "李", "Aïcha", "Noah", None)
    for number in range(1000, 1000 + CUSTOMERS):
        value = round(draw.expovariate(1 / 500), 2)
        year = draw.choice((2025, 2026))
        segment = "vip_customers" if value >= 1000 else "re_engagement" if year == 2025 else "standard_customers"  # noqa: PLR2004
        day = f"{year}-0{draw.randint(1, 9)}-{draw.randint(10, 28)}T08:30:00+02:00"
        yield segment, f"C{number}", f"customer{number}@example.com", draw.choice(names), value, day


def messages() -> str:
    """Return the Singer stream, as a tap would print it."""
    lines: list[dict[str, Any]] = [
        {"type": "SCHEMA", "stream": "customers", "schema": SCHEMA, "key_properties": ["customer_identifier"]}
    ]
    columns = tuple(SCHEMA["properties"])
    lines += [
        {"type": "RECORD", "stream": "customers", "record": dict(zip(columns, customer, strict=True))}
        for customer in customers()
    ]
    lines.append({"type": "STATE", "value": {"bookmarks": {"customers": {"replication_key_value": "2026-09-28"}}}})
    return "".join(json.dumps(line) + "\n" for line in lines)


@contextmanager
def emulator() -> Iterator[str]:
    """Run the emulator on a free port; give its base URL."""
    command = [str(BIN / "target-selligent-emulator"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        banner = process.stdout.readline()
        try:
            address = re.search(r"http://\S+", banner)
            if address is None:
                sys.exit("the emulator did not start: see above")
            yield address.group()
        finally:
            process.terminate()


class Selligent:
    """Reads back what the organization holds."""

    def __init__(self, base_url: str) -> None:
        self._root = f"{base_url}/Portal/Api/organizations/{CONFIG['organization']}/lists/{LIST}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["X-ApiKey"] = f"{CONFIG['api_key']}:{CONFIG['api_secret']}"

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return the answer to a GET below the List."""
        return self._session.get(f"{self._root}/{path}", timeout=30).json()

    def search(self, path: str, **request: Any) -> list[list[Any]]:  # noqa: ANN401 - JSON
        """Return the rows that a search below the List finds."""
        answer = self._session.post(f"{self._root}/{path}", json=request, timeout=30).json()
        rows: list[list[Any]] = answer["data"]
        return rows


def show(selligent: Selligent) -> None:
    """Print the List's fields, its records and each Segment's members."""
    own = [field for field in selligent.get("fields")["fields"] if field["name"].casefold() in SCHEMA["properties"]]
    print(f"\nList {LIST}: {selligent.get('records')['count']:,} records")
    for field in own:
        length = f"({field['length']})" if field["length"] else ""
        print(f"  {field['name']:<20} {field['data_type']}{length}")
    names = [field["name"] for field in own]
    print("\nThe sample's records:")
    for _, key, *_ in SAMPLE:
        where = [{"field_name": "CUSTOMER_IDENTIFIER", "operator": "EqualTo", "field_value": key}]
        for row in selligent.search("data/search", fields=names, filters=where):
            print("  " + " | ".join(str(value) for value in row))
    print("\nSegments:")
    for segment in sorted(segment["api_name"] for segment in selligent.get("segments")["segments"]):
        members = selligent.search(f"segments/{segment}/data/search", fields=["CUSTOMER_IDENTIFIER"])
        keys = sorted(key for (key,) in members)
        print(f"  {segment:<20} {len(keys):>5,} members: {', '.join(keys[:3])}, …")


def main() -> int:
    """Run the demo; return the target's exit code."""
    with emulator() as base_url, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps({**CONFIG, "base_url": base_url}), encoding="utf-8")
        print(f"tap | target-selligent: {len(SAMPLE) + CUSTOMERS:,} customers to an emulated Selligent")
        target = subprocess.run(  # noqa: S603 - our own command
            [str(BIN / "target-selligent"), "--config", str(config)],
            input=messages(),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if target.returncode != 0:
            sys.stderr.write(target.stderr)
            return target.returncode
        print(f"STATE: {target.stdout.strip()}")
        for line in target.stderr.splitlines():
            sentence = line.rpartition("| ")[2]
            if " read, " in sentence:
                print(sentence)
        show(Selligent(base_url))
    return 0


if __name__ == "__main__":
    sys.exit(main())
