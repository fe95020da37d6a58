"""The options of a write: settings as text, what only Spark needs, and what Spark cannot do. Pure; no I/O.

Spark may run a task again, or twice at the same time. So only settings are allowed with which loading the same rows
again changes nothing.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from target_selligent.errors import SettingsError
from target_selligent.settings import (
    DEFINITIONS,
    Limit,
    Settings,
    create_config_schema,
    find_entries,
    parse_texts,
    read_environment,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

OWN_OPTIONS: dict[str, dict[str, Any]] = {"stream": {"type": "string"}, "tasks": {"type": "integer"}}
"""Options of a write that are not settings, and their JSON Schemas."""

_PATIENT_SECONDS = 86_400
"""How long a task waits for the other tasks of its List."""


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """The checked options of one write of a DataFrame.

    Args:
        settings: The settings of the whole write. They are those of its stream alone: no other stream has an entry.
        stream: The name of the DataFrame as a stream.
        tasks: How many tasks may write the DataFrame. Each has one partition.
        waits_for_tasks: Whether a task waits for others for as long as they take.
    """

    settings: Settings
    stream: str
    tasks: int
    waits_for_tasks: bool

    def for_task(self, rejects_name: str) -> Settings:
        """Return the settings of one task.

        The tasks share the quota of the API key. What concerns all rows together is checked when all tasks have ended.

        Args:
            rejects_name: What the rejects file of the task has in its name.
        """
        settings = self.settings
        limit = settings.max_rejects
        path = settings.rejects_path and PurePath(settings.rejects_path)
        return replace(
            settings,
            requests_per_minute=max(1, settings.requests_per_minute // self.tasks),
            busy_timeout_seconds=_PATIENT_SECONDS if self.waits_for_tasks else settings.busy_timeout_seconds,
            max_rejects=limit if limit is not None and limit.count is not None else None,
            rejects_path=str(path.with_stem(f"{path.stem}-{rejects_name}")) if path else None,
        )

    @property
    def max_rejects(self) -> Limit | None:
        """How many rows of the whole write may be rejected."""
        return self.settings.max_rejects


def as_options(config: Mapping[str, Any]) -> dict[str, str]:
    """Return a config as options of a write, which can only be text.

    Args:
        config: Names and values of settings, as in `config.json`, and of the options `stream` and `tasks`.
    """
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in config.items()
        if value is not None
    }


def read_config(options: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of options, and of environment variables for settings that are no options.

    Args:
        options: The options. Their names count without case, as Spark gives them.
        environment: Environment variables.

    Raises:
        SettingsError: If a text does not have the type of its option, or if there is no such option.
    """
    settings = create_config_schema()["properties"]
    texts = {name.lower(): text for name, text in options.items()}
    known = {**settings, **OWN_OPTIONS}
    if unknown := [name for name in texts if name not in known]:
        raise SettingsError([_describe_unknown(name, known) for name in unknown])
    own = parse_texts(texts, known, lambda name, expected: f"option {name} must be {expected}")
    return {**read_environment(environment, settings), **own}


def parse_options(options: Mapping[str, str], environment: Mapping[str, str]) -> WriteOptions:
    """Check the options of a write.

    Args:
        options: The options. Their names count without case, as Spark gives them.
        environment: Environment variables, for settings that are no options.

    Raises:
        SettingsError: If they have problems. The error names all of them, and shows no value.
    """
    config = read_config(options, environment)
    tasks = config.pop("tasks", 1)
    if tasks < 1:
        raise SettingsError(["option tasks must be at least 1"])
    stream = config.pop("stream", None)
    settings = Settings.from_config(config)
    stream = stream or settings.list_api_name
    if settings.ignores(stream):
        raise SettingsError([f"stream {stream} has no entry in streams, and unlisted_streams is ignore"])
    # Of the other streams of a config, nothing comes in this write.
    entries = find_entries(stream, settings.streams)
    problems = list(settings.find_contradictions_of(stream))
    settings = replace(
        settings,
        streams={stream: settings.streams[entries[0]]} if entries else {},
        unlisted_streams="refuse" if entries else settings.unlisted_streams,
    )
    problems += _find_problems(settings, stream)
    if problems:
        raise SettingsError(problems)
    return WriteOptions(settings, stream, tasks, waits_for_tasks=tasks > 1 and "busy_timeout_seconds" not in config)


def check_secrets(options: Iterable[str]) -> None:
    """Check that options that Spark Connect has sent, or will send, have no secrets.

    Spark Connect shows the options of a write on its web page and writes them to its event log. Spark does not do so
    if a program runs on the driver.

    Args:
        options: The names of the options.

    Raises:
        SettingsError: If a secret is among them.
    """
    names = {name.lower() for name in options}
    secrets = [name for name, definition in DEFINITIONS.items() if definition.secret and name in names]
    if secrets:
        variables = ", ".join(f"TARGET_SELLIGENT_{name.upper()}" for name in secrets)
        problem = (
            f"{' and '.join(secrets)}: Spark Connect shows options on its web page and in its event log. Set the "
            f"variables {variables} of the driver instead, and get new secrets from Selligent if these have been sent"
        )
        raise SettingsError([problem])


def _describe_unknown(name: str, known: Iterable[str]) -> str:
    if name == "path":
        return "save takes no path: the option list_api_name says where the rows go"
    similar = difflib.get_close_matches(name, known, n=1)
    return f"option {name} is not a setting of this target" + (f": did you mean {similar[0]}?" if similar else "")


def _find_problems(settings: Settings, stream: str) -> Iterator[str]:
    """Yield one sentence for each setting that a write of Spark cannot keep."""
    own = settings.for_stream(stream)
    if own.segment_data_import_option in {"mirror", "remove"}:
        yield _refuse(f"segment_data_import_option {own.segment_data_import_option}")
    elif own.defers_state_by is not None:
        yield _refuse(own.defers_state_by)
    if own.action_column is not None:
        yield _refuse("action_column")
    if own.deleted_records != "ignore":
        yield _refuse(f"deleted_records {own.deleted_records}")
    if own.changes_only:
        yield _refuse("changes_only")
    for name in ("report_path", "alert_url"):
        if getattr(settings, name) is not None:
            yield f"{name} cannot be used with Spark: the summary of all tasks is in the log of the driver"
    if "://" in (settings.rejects_path or ""):
        yield (
            "rejects_path must be a path that the driver and all executors share, such as /mnt/shared/rejects.jsonl, "
            "not an address"
        )


def _refuse(what: str) -> str:
    return (
        f"{what} cannot be used with Spark, which may run a task again, or twice: load the data with LoadRun or "
        "target-selligent instead"
    )
