"""What the tests share: the installed command, Singer messages, and a view of what the emulated Selligent holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import requests

from target_selligent.emulator import EmulatorOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

COMMAND = Path(sys.executable).with_name("target-selligent")
MESSAGES = Path(__file__).parent / "messages"
LIST = "contacts"
SECRET = "demo-secret"  # noqa: S105 - the emulator's
NEW_USERLIST = frozenset(
    ("ID", "NAME", "MAIL", "OPTOUT", "OPTOUT_DT", "OPTOUT_SOURCE", "LANGUAGE", "CREATED_DT", "MODIFIED_DT")
)
"""Fields that every new Userlist has."""

FIRST_OPTIONS = {
    name: value
    for name, value in asdict(EmulatorOptions(rate_limit=1_000_000)).items()
    if name not in {"db", "journal_size", "faults"}
}
"""What each test that shares an emulator finds: every option that can be changed while it runs."""

_TIMEOUT = 120
_OURS = ("TARGET_SELLIGENT_", "LOGLEVEL", "SINGER_SDK_LOG_CONFIG", "PYTHONUNBUFFERED")

Message = dict[str, Any]


def schema(properties: Mapping[str, Any], keys: Iterable[str] = ("key",), stream: str = "customers") -> Message:
    """Return a SCHEMA message.

    Args:
        properties: Column to its JSON Schema, or to the name of a type.
        keys: Key properties.
        stream: The stream.
    """
    described = {name: {"type": [kind, "null"]} if isinstance(kind, str) else kind for name, kind in properties.items()}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": described},
        "key_properties": list(keys),
    }


def record(values: Mapping[str, Any], stream: str = "customers") -> Message:
    """Return a RECORD message."""
    return {"type": "RECORD", "stream": stream, "record": dict(values)}


def records(columns: str, *rows: tuple[Any, ...], stream: str = "customers") -> list[Message]:
    """Return a RECORD message for each row of values of the columns, named with blanks between."""
    return [record(dict(zip(columns.split(), row, strict=True)), stream) for row in rows]


def state(value: Any) -> Message:
    """Return a STATE message."""
    return {"type": "STATE", "value": value}


def scenario(name: str) -> bytes:
    """Return the messages of a file in `tests/messages`."""
    return (MESSAGES / f"{name}.jsonl").read_bytes()


def encode(messages: Iterable[Message]) -> bytes:
    """Return messages as a tap prints them."""
    return "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in messages).encode()


def clean_environment() -> dict[str, str]:
    """Return the environment without what would change a run."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OURS) and not name.lower().endswith("_proxy")
    }


@dataclass(frozen=True)
class Run:
    """One run of the command, over."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def states(self) -> list[Any]:
        """The STATE values it printed."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def log(self) -> list[str]:
        """What it logged, without time, level and logger."""
        return [line.rpartition("| ")[2] for line in self.stderr.splitlines()]

    def succeeded(self) -> Run:
        """Return the run if all went well."""
        assert self.returncode == 0, self.stderr
        return self

    def complaint(self) -> str:
        """Return the one line with which a run failed for a reason that the user can mend."""
        assert self.returncode == 1, (self.returncode, self.stderr)
        assert "Traceback" not in self.stderr, self.stderr
        lines = [line for line in self.stderr.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1, self.stderr
        assert self.stderr.splitlines()[-1] == lines[0], self.stderr
        return lines[0]


def run_command(
    *args: str, messages: Iterable[Message] | bytes = b"", env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Run:
    """Run the installed command.

    Args:
        args: Its arguments.
        messages: Standard input.
        env: Environment variables to add.
        cwd: Working directory; an empty one if not given.
    """
    content = messages if isinstance(messages, bytes) else encode(messages)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(COMMAND), *args],
            input=content,
            capture_output=True,
            env=clean_environment() | dict(env or {}),
            cwd=cwd or folder,
            timeout=_TIMEOUT,
            check=False,
        )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_target(
    config: Mapping[str, Any],
    messages: Iterable[Message] | bytes,
    *args: str,
    env: Mapping[str, str] | None = None,
) -> Run:
    """Run the installed command with a config file; arguments as for `run_command`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        return run_command("--config", str(path), *args, messages=messages, env=env)


def run_in_shell(script: str, config: Mapping[str, Any], messages: Iterable[Message]) -> Run:
    """Run the installed command from a script of bash, in which it is `"$0" "$@"`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        done = subprocess.run(
            ["/bin/bash", "-c", script, str(COMMAND), "--config", str(path)],
            input=encode(messages),
            capture_output=True,
            env=clean_environment(),
            cwd=folder,
            timeout=_TIMEOUT,
            check=False,
        )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


class Running(subprocess.Popen[bytes]):
    """The command while it runs, with pipes to and from it."""

    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]


@contextmanager
def start_target(config: Mapping[str, Any]) -> Iterator[Running]:
    """Start the installed command with a config file, to talk to it while it runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        command = [str(COMMAND), "--config", str(path)]
        pipe = subprocess.PIPE
        with Running(command, stdin=pipe, stdout=pipe, stderr=pipe, env=clean_environment(), cwd=folder) as target:
            try:
                yield target
            finally:
                target.kill()


def peak_memory(pid: int) -> int:
    """Return the most bytes of memory that a process has had so far."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) << 10


class Tenant:
    """The emulated Selligent of a test, seen over HTTP.

    Args:
        base_url: Address of the emulator; over https, REQUESTS_CA_BUNDLE names the file with its authority.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        self._session.headers["X-ApiKey"] = f"demo-key:{SECRET}"
        self._requests: list[dict[str, Any]] = []
        self._writes: list[dict[str, Any]] = []

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def config(self, **settings: Any) -> dict[str, Any]:
        """Return a config for this tenant, with the given settings."""
        return {
            "base_url": self.base_url,
            "api_key": "demo-key",
            "api_secret": SECRET,
            "organization": "my_org",
            "list_api_name": LIST,
            **settings,
        }

    def run(
        self, messages: Iterable[Message] | bytes, *args: str, env: Mapping[str, str] | None = None, **settings: Any
    ) -> Run:
        """Run the command against this tenant, with the given settings; note what it calls and writes."""
        before = [self._admin("GET", journal) for journal in ("requests", "writes")]
        done = run_target(self.config(**settings), messages, *args, env=env)
        since = [entries[-1]["seq"] if entries else 0 for entries in before]
        self._requests = self._admin("GET", "requests", params={"since": since[0]})
        self._writes = self._admin("GET", "writes", params={"since": since[1], "values": "true"})
        return done

    # What it is told

    def options(self, **changes: Any) -> None:
        """Change options of the emulator."""
        self._admin("PATCH", "options", json=changes)

    def reset(self) -> None:
        """Drop all data, logs and faults."""
        self._admin("POST", "reset")

    def fault(self, kind: str, **rule: Any) -> None:
        """Add a fault rule."""
        self._admin("POST", "faults", json={"kind": kind, **rule})

    def create_list(self, name: str = LIST, *, computed: Iterable[str] = (), **fields: str) -> None:
        """Create a Datalist.

        Args:
            name: Its API name.
            computed: Names of computed text fields.
            fields: Field name to type, as in `Text(20)`.
        """
        self._api("POST", "/lists", json={"api_name": name, "name": name, "type": "Datalist"})
        definitions: list[dict[str, Any]] = []
        for field, described in fields.items():
            kind, _, length = described.rstrip(")").partition("(")
            definitions.append({"name": field, "data_type": kind, **({"length": int(length)} if length else {})})
        definitions += [
            {"name": field, "data_type": "LongText", "content": "ComputedPersisted", "value_definition": "'x'"}
            for field in computed
        ]
        if definitions:
            self._api("POST", f"/lists/{name}/fields", json={"fields": definitions})

    def create_segment(self, segment: str, list_api_name: str = LIST, *, kind: str = "Static") -> None:
        """Create a Segment."""
        self._admin("POST", "segments", json={"list": list_api_name, "api_name": segment, "type": kind})

    def fill(self, fields: str, rows: list[list[Any]], list_api_name: str = LIST) -> None:
        """Load records, as another system does; the first field is the key."""
        query = {"keyFields": fields.partition(",")[0], "fields": fields}
        self._api("POST", f"/lists/{list_api_name}/data/load", params=query, json=rows)

    def join(self, segment: str, field: str, keys: list[Any], list_api_name: str = LIST) -> None:
        """Make records members of a Segment, as another system does."""
        query = {"keyFields": field, "fields": field}
        path = f"/lists/{list_api_name}/segments/{segment}/data/load"
        self._api("POST", path, params=query, json=[[key] for key in keys])

    # What it holds

    def lists(self) -> dict[str, str]:
        """Return the Lists, API name to type."""
        return {item["api_name"]: item["type"] for item in self._api("GET", "/lists")["lists"]}

    def fields(self, list_api_name: str = LIST) -> dict[str, str]:
        """Return a List's fields but for those that every Userlist has, name to type, as in `Text(20)`."""
        fields = self._api("GET", f"/lists/{list_api_name}/fields")["fields"]
        return {
            field["name"]: f"{field['data_type']}({field['length']})" if field["length"] else field["data_type"]
            for field in fields
            if field["name"] not in NEW_USERLIST
        }

    def rows(self, *fields: str, list_api_name: str = LIST) -> list[list[Any]]:
        """Return all records of a List: their values of the given fields, in the order of their making."""
        found: list[list[Any]] = self._api(
            "POST", f"/lists/{list_api_name}/data/search", json={"fields": list(fields)}
        )["data"]
        return found

    def segments(self, list_api_name: str = LIST) -> dict[str, str]:
        """Return a List's Segments, API name to type."""
        found = self._api("GET", f"/lists/{list_api_name}/segments")["segments"]
        return {segment["api_name"]: segment["segment_type"] for segment in found}

    def members(self, segment: str, field: str, list_api_name: str = LIST) -> list[Any]:
        """Return a field's value of each member of a Segment, sorted."""
        path = f"/lists/{list_api_name}/segments/{segment}/data/search"
        return sorted(value for (value,) in self._api("POST", path, json={"fields": [field]})["data"])

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

    def _api(self, method: str, path: str, **arguments: Any) -> Any:
        root = f"{self.base_url}/Portal/Api/organizations/my_org"
        response = self._session.request(method, root + path, timeout=_TIMEOUT, **arguments)
        assert response.ok, response.text
        return response.json()

    def _admin(self, method: str, path: str, **arguments: Any) -> Any:
        response = self._session.request(method, f"{self.base_url}/_emulator/{path}", timeout=_TIMEOUT, **arguments)
        assert response.ok, response.text
        return response.json() if response.content else None
