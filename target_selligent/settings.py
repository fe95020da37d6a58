"""The settings of one run: checked as a whole before the first record is read, frozen from then on."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from target_selligent.errors import SettingsError
from target_selligent.settings_table import DEFINITIONS, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u2028\u2029\u200b-\u200f\u2060\ufeff\ud800-\udfff]")
"""Control characters, spaces without width and halves of surrogate pairs."""
_HOST = re.compile(r"(?!\.)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.ASCII | re.IGNORECASE)

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that may be spoken to without TLS: what is sent there does not leave the machine."""


_FAKE = re.compile(r"\bfake\.")


@dataclass(frozen=True, slots=True)
class RejectLimit:
    """How many rejects are too many.

    Args:
        count: Most records, if a number was given.
        share: Largest share of all records, from 0 to 1, if a percentage was given.
    """

    count: int | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """The settings that may differ by stream; each field is the setting of that name."""

    list_api_name: str
    segment_column: str | None
    key_fields: tuple[str, ...]
    field_mapping: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The checked settings of one run; each field is the setting of that name."""

    base_url: str
    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    organization: str
    list_api_name: str
    create_list_if_not_exists: bool
    list_data_import_option: str
    segment_column: str | None
    create_segment_if_not_exists: bool
    segment_data_import_option: str
    key_fields: tuple[str, ...]
    deduplication: str
    key_comparison: str
    error_handling: str
    mode: str
    skip_invalid_records: bool
    records_without_segment: str
    field_mapping: Mapping[str, str | None]
    streams: Mapping[str, Mapping[str, Any]]
    unlisted_streams: str
    text_field_length: int
    batch_size_rows: int
    max_request_bytes: int
    batch_max_age_seconds: int
    segment_batch_size_rows: int
    segment_batch_max_age_seconds: int
    rejects_path: str | None
    max_rejects: RejectLimit | None
    requests_per_minute: int
    max_parallel_requests_per_list: int
    busy_timeout_seconds: int
    request_timeout_seconds: int

    def for_stream(self, stream: str) -> StreamSettings:
        """Return the settings of one stream: its own where it has some, else those of the run."""
        own = self.streams.get(stream, {})
        return StreamSettings(
            list_api_name=own.get("list_api_name", self.list_api_name),
            segment_column=own.get("segment_column", self.segment_column),
            key_fields=parse_names(own["key_fields"]) if own.get("key_fields") else self.key_fields,
            field_mapping={**self.field_mapping, **own.get("field_mapping", {})},
        )

    @property
    def has_several_lists(self) -> bool:
        """Whether streams may go to more than one List."""
        names = {self.for_stream(stream).list_api_name.casefold() for stream in self.streams}
        return len(names | {self.list_api_name.casefold()}) > 1

    @property
    def replaces_segments(self) -> bool:
        """Whether each Segment is emptied before its first load of the run."""
        columns = [self.segment_column, *(own.get("segment_column") for own in self.streams.values())]
        return any(columns) and self.segment_data_import_option == "replace"

    @property
    def spools_records(self) -> bool:
        """Whether nothing may be loaded before the last record of each key is known."""
        return self.list_data_import_option == "OnlyInsert" and self.deduplication == "ImportLastMatch"

    @property
    def ignores_case_of_keys(self) -> bool:
        """Whether keys that differ in case or trailing blanks are one where the first or last record of a key wins."""
        return self.key_comparison == "ignore_case"

    @property
    def secrets(self) -> tuple[str, str]:
        """Key and secret: what no log may hold."""
        return self.api_key, self.api_secret

    @property
    def last_record_wins(self) -> bool:
        """Whether the last of several records with the same key is what the List ends with."""
        return self.deduplication == "ImportLastMatch" and self.list_data_import_option != "OnlyInsert"

    @property
    def state_deferred_by(self) -> str | None:
        """The setting for which STATE can be printed at the end only; None if it is printed while the run goes on.

        A run that starts from a STATE of an unfinished one must end in the same Lists and Segments. It does not where a
        record's effect depends on what came before it in the same run: a Segment that is cleared at its first load, the
        first of several records with a key, the last of several that are only inserted.
        """
        if self.replaces_segments:
            return "segment_data_import_option replace"
        if self.spools_records:
            return "list_data_import_option OnlyInsert with deduplication ImportLastMatch"
        if self.deduplication == "ImportFirstMatch" and self.list_data_import_option != "OnlyInsert":
            return "deduplication ImportFirstMatch"
        return None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Check a config as a whole.

        Args:
            config: Setting names to values, as given by the user; names that are not ours are left alone.

        Returns:
            The settings, defaults filled in.

        Raises:
            SettingsError: With every problem found, none of them showing a value.
        """
        given = {name: value for name, value in config.items() if name in DEFINITIONS and value is not None}
        problems = [
            f"{definition.name} is required: {definition.description}"
            for definition in SETTINGS
            if definition.required and definition.name not in given
        ]
        problems += [
            problem for name, value in given.items() if (problem := DEFINITIONS[name].find_problem(value)) is not None
        ]
        if not problems:
            problems += _base_url_problems(given["base_url"])
            problems += _text_problems(given)
            problems += _mapping_problems(given.get("field_mapping", {}))
            if not given.get("segment_column", "column").strip():
                problems.append("segment_column must not be blank: leave it out to load the List only")
            problems += _stream_problems(given.get("streams", {}))
        if "max_rejects" in given and "max_rejects" not in {problem.split()[0] for problem in problems}:
            try:
                given["max_rejects"] = parse_reject_limit(str(given["max_rejects"]))
            except ValueError:
                problems.append("max_rejects must be a number such as 100 or a share such as 0.5%")
        if problems:
            raise SettingsError(problems)
        values = {name: given.get(name, definition.default) for name, definition in DEFINITIONS.items()}
        address = urlsplit(values["base_url"])
        values["base_url"] = f"{address.scheme}://{address.netloc}"
        values["key_fields"] = parse_names(values["key_fields"] or ())
        return cls(**{slot.name: values[slot.name] for slot in fields(cls)})


def parse_names(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Split names given as an array, a JSON array or comma-separated text; blanks are dropped.

    Environment variables can only hold text: Meltano writes an array there as JSON.
    """
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                value = [str(name) for name in json.loads(text)]
            except ValueError:
                value = text.split(",")
        else:
            value = text.split(",")
    return tuple(name.strip() for name in value if name.strip())


def parse_reject_limit(text: str) -> RejectLimit:
    """Read `max_rejects`.

    Args:
        text: A whole number, or a percentage.

    Returns:
        The limit.

    Raises:
        ValueError: If it is neither.
    """
    text = text.strip()
    if text.endswith("%"):
        share = float(text[:-1]) / 100
        if not 0 <= share <= 1:
            raise ValueError("not a share")
        return RejectLimit(share=share)
    if not text.isdecimal():
        raise ValueError("not a number")
    return RejectLimit(count=int(text))


def find_unknown_settings(config: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each setting of a config that nothing reads, with the nearest known name."""
    sentences = []
    for name in config:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f", did you mean {near[0]}?" if near else ""
            sentences.append(f"{name} is not a setting of this target and is ignored{hint}")
    return sentences


def find_faker_problems(config: Mapping[str, Any]) -> list[str]:
    """Say what to install where a config makes values up: the SDK would ignore the setting, or fail in mid-run.

    Args:
        config: Setting names to values, those of the SDK too.
    """
    used = config.get("faker_config") or _FAKE.search(json.dumps(config.get("stream_maps") or {}, default=str))
    if not used or find_spec("faker") is not None:
        return []
    return ["faker_config, and fake in stream_maps, need Faker: pip install 'target-selligent[faker]'"]


def _base_url_problems(base_url: str) -> list[str]:
    # urlsplit leaves out line breaks and tabs without a word.
    if _INVISIBLE.search(base_url) or " " in base_url:
        return ["base_url must not hold blanks, line breaks or other invisible characters"]
    try:
        parts = urlsplit(base_url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return ["base_url is not a valid URL"]
    if parts.scheme not in {"http", "https"} or not host:
        return ["base_url must start with https:// and name a host, as in https://customer.slgnt.eu"]
    if not _is_host(host):
        return ["base_url names a host that cannot exist: check its spelling"]
    problems = []
    if parts.scheme == "http" and host not in LOOPBACK_HOSTS:
        problems.append(
            f"base_url must use https://: over http:// anybody on the way to {host} could read the API secret"
        )
    if "@" in parts.netloc:
        problems.append("base_url must not hold a user or password: use api_key and api_secret")
    if parts.path.strip("/") or "?" in base_url or "#" in base_url:
        problems.append("base_url must be the address alone, without a path such as /Portal/Api")
    return problems


def _is_host(host: str) -> bool:
    """Whether a name or address can be looked up at all; whether it exists shows at the first call."""
    try:
        ascii_host = host.encode("ascii" if ":" in host else "idna").decode()
    except UnicodeError:
        return False
    return ":" in host or _HOST.fullmatch(ascii_host) is not None


def _text_problems(given: Mapping[str, Any]) -> list[str]:
    """Return what would make a request impossible, or go to Selligent as something else than was meant."""
    problems = []
    for name in ("api_key", "api_secret", "organization", "list_api_name"):
        value = given[name]
        if _INVISIBLE.search(value):
            problems.append(f"{name} holds a line break, a tab or another invisible character")
        elif value != value.strip():
            problems.append(f"{name} begins or ends with a blank")
        elif name in {"api_key", "api_secret"} and max(value) > "\xff":
            problems.append(f"{name} holds a character that an HTTP header cannot carry")
    if given["organization"] in {".", ".."}:
        problems.append("organization must be a name: no URL can hold a part of dots alone")
    if ":" in given["api_key"]:
        problems.append("api_key must not hold a colon: what comes after it belongs in api_secret")
    return problems


def _stream_problems(streams: Mapping[str, Mapping[str, Any]]) -> list[str]:
    allowed = {slot.name for slot in fields(StreamSettings)}
    problems = []
    for stream, own in streams.items():
        for name, value in own.items():
            if name not in allowed:
                problems.append(f"streams: {name} of stream {stream} is not one of {', '.join(sorted(allowed))}")
            elif value is None and name == "segment_column":
                continue
            elif problem := DEFINITIONS[name].find_problem(value):
                problems.append(f"streams: {problem} (stream {stream})")
            elif name == "list_api_name" and _INVISIBLE.search(value):
                problems.append(f"streams: {name} of stream {stream} holds an invisible character")
            elif name == "field_mapping":
                problems += [f"streams: {problem} (stream {stream})" for problem in _mapping_problems(value)]
    return problems


def _mapping_problems(mapping: Mapping[str, Any]) -> list[str]:
    problems = []
    for column, name in mapping.items():
        if name is not None and not isinstance(name, str):
            problems.append(f"field_mapping of column {column} must be a field name or null")
        elif isinstance(name, str) and not name.strip():
            problems.append(f"field_mapping of column {column} is blank: use null to leave the column out")
    return problems
