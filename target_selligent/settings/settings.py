"""The settings of one run: all checked before the first record is read, and never changed. Pure; no I/O."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from target_selligent.errors import SettingsError
from target_selligent.settings.changes import find_snapshot_contradictions
from target_selligent.settings.list_agreement import find_list_contradictions, merge_list_settings
from target_selligent.settings.relations import derive_load_levels, find_relation_contradictions
from target_selligent.settings.stream_entries import find_entries
from target_selligent.settings.stream_settings import (
    INVISIBLE,
    STREAM_SETTINGS,
    StreamSettings,
    find_contradictions,
    find_stream_problems,
    find_value_problems,
    override,
    parse_stream_values,
)
from target_selligent.settings.table import DEFINITIONS, SETTINGS
from target_selligent.settings.values import Limit, parse_limit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from target_selligent.settings.list_settings import ListSettings

_HOST = re.compile(r"(?!\.)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.ASCII | re.IGNORECASE)

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that may be called without TLS, because the data does not leave the machine."""

_FAKE = re.compile(r"\bfake\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(StreamSettings):
    """The checked settings of one run. Each attribute is the setting with its name."""

    base_url: str
    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    organization: str
    error_handling: str
    mode: str
    skip_invalid_records: bool
    streams: Mapping[str, Mapping[str, Any]]
    unlisted_streams: str
    batch_size_rows: int
    max_batch_size_rows: int
    max_request_bytes: int
    batch_max_age_seconds: int
    snapshot_path: str | None
    snapshot_max_age_days: int
    rejects_path: str | None
    report_path: str | None
    alert_url: str | None = field(repr=False)
    alert_on: str
    max_rejects: Limit | None
    requests_per_minute: int
    max_parallel_requests_per_list: int
    busy_timeout_seconds: int
    request_timeout_seconds: int

    def for_stream(self, stream: str) -> StreamSettings:
        """Return the settings of one stream: its own settings, and those of the run for the others.

        Args:
            stream: The name of the stream.
        """
        entries = find_entries(stream, self.streams)
        return override(self, self.streams[entries[0]] if entries else {})

    def is_listed(self, stream: str) -> bool:
        """Return whether `streams` has an entry for a stream, by its name or by a pattern."""
        return bool(find_entries(stream, self.streams))

    def ignores(self, stream: str) -> bool:
        """Return whether the records of a stream are only counted."""
        return self.unlisted_streams == "ignore" and not self.is_listed(stream)

    def find_contradictions_of(self, stream: str) -> Iterator[str]:
        """Yield one sentence for each contradiction between the settings of a stream that has come.

        Args:
            stream: The name of the stream.
        """
        entries = find_entries(stream, self.streams)
        if len(entries) > 1:
            yield (
                f"the entries {', '.join(entries)} of streams fit it equally well and differ: give the stream an entry "
                "of its own"
            )
        settings = self.for_stream(stream)
        yield from find_contradictions(settings)
        if not entries:
            others = self._streams_of(settings.list_api_name)
            yield from find_list_contradictions([(one, self.for_stream(one)) for one in (*others, stream)], self.mode)

    @property
    def has_several_lists(self) -> bool:
        """Whether streams may go to more than one List."""
        return len({one.list_api_name.casefold() for one in self.all_streams}) > 1

    @property
    def all_streams(self) -> tuple[StreamSettings, ...]:
        """The settings of each entry in `streams`, and those of the run if a stream without an entry may be loaded."""
        entries = tuple(override(self, own) for own in self.streams.values())
        return entries if self.unlisted_streams in {"ignore", "refuse"} else (self, *entries)

    @property
    def load_levels(self) -> Mapping[str, int]:
        """The level of each List that the run may load, by its name without case; see `derive_load_levels`."""
        return derive_load_levels((one.list_api_name, one.relation) for one in self.all_streams)

    def for_list(self, list_api_name: str) -> ListSettings:
        """Return the settings that belong to a List. All of its streams agree on them.

        Args:
            list_api_name: The API name of the List, in any spelling.
        """
        streams = self._streams_of(list_api_name)
        return merge_list_settings([override(self, self.streams[stream]) for stream in streams] or [self])

    def _streams_of(self, list_api_name: str) -> list[str]:
        """Return the names of the entries in `streams` for a List."""
        name = list_api_name.casefold()
        return [entry for entry, own in self.streams.items() if override(self, own).list_api_name.casefold() == name]

    @property
    def secrets(self) -> tuple[str, str]:
        """The API key and secret, which must never be logged."""
        return self.api_key, self.api_secret

    def merges_records(self, list_api_name: str) -> bool:
        """Return whether records with the same key are sent as one row, because this ends in the same List.

        With other options, Selligent must see each record: the first one counts, or a record that the List does not
        have is not found, or the load stops at a refused record, or the response does not say what was refused.

        Args:
            list_api_name: The API name of the List, in any spelling.
        """
        own = self.for_list(list_api_name)
        return (
            own.last_record_wins
            and own.list_data_import_option == "InsertAndUpdate"
            and self.error_handling == "ContinueOnError"
            and self.mode == "Sync"
        )

    @property
    def state_deferred_by(self) -> str | None:
        """The settings because of which STATE is printed only at the end; None if it is printed during the run."""
        return next((reason for one in self.all_streams if (reason := one.defers_state_by)), None)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Check a config and return its settings.

        Args:
            config: The names and values of settings. Names that are not settings of this target are ignored.

        Returns:
            The settings, with defaults.

        Raises:
            SettingsError: If the config has problems. The error names all of them, and shows no value.
        """
        configured = {name: value for name, value in config.items() if name in DEFINITIONS and value is not None}
        problems = [
            f"{definition.name} is required: {definition.description}"
            for definition in SETTINGS
            if definition.required and definition.name not in configured
        ]
        problems += [
            problem
            for name, value in configured.items()
            if (problem := DEFINITIONS[name].find_problem(value)) is not None
        ]
        if not problems:
            problems += _find_base_url_problems(configured["base_url"])
            problems += _find_text_problems(configured)
            problems += _find_alert_url_problems(configured.get("alert_url"))
            problems += [
                problem
                for name in STREAM_SETTINGS
                if name in configured
                for problem in find_value_problems(name, configured[name])
            ]
            problems += find_stream_problems(configured.get("streams", {}))
        if "max_rejects" in configured and "max_rejects" not in {problem.split()[0] for problem in problems}:
            try:
                configured["max_rejects"] = parse_limit(str(configured["max_rejects"]))
            except ValueError:
                problems.append("max_rejects must be a number such as 100 or a share such as 0.5%")
        if problems:
            raise SettingsError(problems)
        values = {name: configured.get(name, definition.default) for name, definition in DEFINITIONS.items()}
        address = urlsplit(values["base_url"])
        values["base_url"] = f"{address.scheme}://{address.netloc}"
        settings = cls(**parse_stream_values({slot.name: values[slot.name] for slot in fields(cls)}))
        # A stream may set what the run's settings lack. Streams without an entry are checked when they come.
        problems = [] if settings.streams else list(find_contradictions(settings))
        if settings.unlisted_streams in {"ignore", "refuse"} and not settings.streams:
            problems += [
                f"unlisted_streams {settings.unlisted_streams} needs entries in streams: nothing would be loaded"
            ]
        for stream, entry in settings.streams.items():
            own = find_contradictions(override(settings, entry))
            problems += [f"streams: {problem} (stream {stream})" for problem in own if problem not in problems]
        problems += find_relation_contradictions((one.list_api_name, one.relation) for one in settings.all_streams)
        streams = [(stream, override(settings, entry)) for stream, entry in settings.streams.items()]
        if settings.unlisted_streams == "load":
            streams.append(("all other streams", settings))
        problems += find_list_contradictions(streams, settings.mode)
        problems += _find_key_contradictions(settings.all_streams)
        problems += find_snapshot_contradictions(values, settings.all_streams)
        if problems:
            raise SettingsError(problems)
        return settings


def _find_key_contradictions(streams: Iterable[StreamSettings]) -> Iterator[str]:
    """Yield one sentence for each setting that needs one key for each person, in a List with an alternate key.

    If a person comes by one key and leaves by the other, nobody knows that it is one person.
    """
    known = list(streams)
    lists = {one.list_api_name.casefold() for one in known if one.alternate_key_fields}
    for stream in known:
        reasons = {
            "segment_data_import_option mirror": stream.segment_data_import_option == "mirror",
            "action_column": stream.action_column is not None,
            "deleted_records": stream.deleted_records != "ignore",
        }
        reason = next((name for name, applies in reasons.items() if applies), None)
        if reason is not None and stream.list_api_name.casefold() in lists:
            yield (
                f"alternate_key_fields and {reason} contradict each other (List {stream.list_api_name}): it would not "
                "be known who comes by one key and leaves by the other"
            )
            return


def find_unknown_settings(config: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each name of a config that is not a setting, with the most similar setting.

    Args:
        config: The names and values of settings.
        known: The names of all settings, those of the SDK too.
    """
    sentences = []
    for name in config:
        if name not in known:
            similar = difflib.get_close_matches(name, known, n=1)
            hint = f", did you mean {similar[0]}?" if similar else ""
            sentences.append(f"{name} is not a setting of this target and is ignored{hint}")
    return sentences


def find_faker_problems(config: Mapping[str, Any]) -> list[str]:
    """Return what to install if a config uses Faker and it is not installed. The SDK would notice it too late or never.

    Args:
        config: The names and values of settings, those of the SDK too.
    """
    used = config.get("faker_config") or _FAKE.search(json.dumps(config.get("stream_maps") or {}, default=str))
    if not used or find_spec("faker") is not None:
        return []
    return ["faker_config, and fake in stream_maps, need Faker: pip install 'target-selligent[faker]'"]


def _find_base_url_problems(base_url: str) -> list[str]:
    # urlsplit silently removes line breaks and tabs.
    if INVISIBLE.search(base_url) or " " in base_url:
        return ["base_url must not contain blanks, line breaks or other invisible characters"]
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
            f"base_url must use https://: with http://, anybody on the network path to {host} could read the API secret"
        )
    if "@" in parts.netloc:
        problems.append("base_url must not contain a user or password: use api_key and api_secret")
    if parts.path.strip("/") or "?" in base_url or "#" in base_url:
        problems.append("base_url must be the address alone, without a path such as /Portal/Api")
    return problems


def _find_alert_url_problems(alert_url: str | None) -> Iterator[str]:
    """Yield what is wrong with a web hook, without its address: it is a secret."""
    if alert_url is None:
        return
    try:
        parts = urlsplit(alert_url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or not _is_host(host) or INVISIBLE.search(alert_url) or " " in alert_url:
        yield "alert_url is not a valid URL"
    elif parts.scheme != "https" and (parts.scheme != "http" or host not in LOOPBACK_HOSTS):
        yield "alert_url must start with https://"
    elif "@" in parts.netloc:
        yield "alert_url must not contain a user or password"


def _is_host(host: str) -> bool:
    """Return whether a host name or address is valid. Whether it exists is known after the first call."""
    try:
        ascii_host = host.encode("ascii" if ":" in host else "idna").decode()
    except UnicodeError:
        return False
    return ":" in host or _HOST.fullmatch(ascii_host) is not None


def _find_text_problems(configured: Mapping[str, Any]) -> list[str]:
    """Return problems with characters that cannot be sent, or that change the meaning of a request."""
    problems = []
    for name in ("api_key", "api_secret", "organization", "list_api_name"):
        value = configured[name]
        if INVISIBLE.search(value):
            problems.append(f"{name} contains a line break, a tab or another invisible character")
        elif value != value.strip():
            problems.append(f"{name} starts or ends with a blank")
        elif name in {"api_key", "api_secret"} and max(value) > "\xff":
            problems.append(f"{name} contains a character that is not allowed in an HTTP header")
    if configured.get("report_path", "").lower().endswith(".html"):
        problems.append("report_path must not end with .html: it names the JSON file, and the page gets this end")
    if configured["organization"] in {".", ".."}:
        problems.append("organization must be a name: a part of a URL cannot be only dots")
    if ":" in configured["api_key"]:
        problems.append("api_key must not contain a colon: if text follows it, this text is the api_secret")
    return problems
