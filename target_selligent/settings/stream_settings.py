"""The settings that each stream can have of its own. Pure; no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from target_selligent.settings.changes import find_changes_contradictions
from target_selligent.settings.field_types import NamedType, find_type_problems, merge_by_field, parse_field_type
from target_selligent.settings.list_settings import ListSettings
from target_selligent.settings.relations import Relation, find_relation_problems, parse_relation
from target_selligent.settings.table import DEFINITIONS
from target_selligent.settings.templates import Template, find_static_problems, parse_template
from target_selligent.settings.values import Limit, parse_limit, parse_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u2028\u2029\u200b-\u200f\u2060\ufeff\ud800-\udfff]")
"""Control characters, spaces without width and halves of surrogate pairs."""

_ACTIONS = ("add", "remove")
_NULLABLE = frozenset({"segment_column", "segment", "relation"})
"""Settings that null in the entry of a stream takes away, although the run has them."""
_BY_FIELD = {"field_types": parse_field_type, "static_fields": parse_template}
"""Settings whose value holds a text for each field, with what parses it. Those of a stream are added to those of the
run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings(ListSettings):
    """The settings of one stream. Each attribute is the setting with its name."""

    list_api_name: str
    relation: Relation | None
    segment_column: str | None
    segment: str | None
    segment_name_style: str
    segment_data_import_option: str
    mirrored_segments: tuple[str, ...]
    max_removals: Limit
    action_column: str | None
    action_values: Mapping[str, str]
    deleted_records: str
    removal_fields: Mapping[str, Any]
    key_fields: tuple[str, ...]
    alternate_key_fields: tuple[str, ...]
    records_without_segment: str
    field_mapping: Mapping[str, str | None]
    text_field_length: int
    field_name_case: str
    field_types: Mapping[str, NamedType]
    static_fields: Mapping[str, Template]
    create_fields_if_not_exist: bool

    @property
    def has_segments(self) -> bool:
        """Whether records join Segments."""
        return self.segment_column is not None or self.segment is not None

    @property
    def may_remove(self) -> bool:
        """Whether members or records may leave at the end of the run."""
        return (
            self.segment_data_import_option in {"mirror", "remove"}
            or self.action_column is not None
            or self.deleted_records != "ignore"
        )

    @property
    def defers_state_by(self) -> str | None:
        """The settings because of which STATE is printed only at the end; None if it is printed during the run.

        If a run resumes from a STATE of an interrupted run, the result must be as if the first run had not been
        interrupted. This is not so if the effect of a record depends on earlier records of the same run: a Segment is
        cleared before its first load, or only the first record of a key counts, or only the last one is inserted.
        """
        option = self.segment_data_import_option
        if self.has_segments and option in {"replace", "mirror", "remove"}:
            return f"segment_data_import_option {option}"
        if self.spools_records:
            return "list_data_import_option OnlyInsert with deduplication ImportLastMatch"
        if self.load_list and self.deduplication == "ImportFirstMatch" and self.list_data_import_option != "OnlyInsert":
            return "deduplication ImportFirstMatch"
        return None


STREAM_SETTINGS = tuple(slot.name for slot in fields(StreamSettings))


def parse_stream_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of settings with names and limits parsed. They were checked before.

    Args:
        values: Names and values of settings.

    Raises:
        ValueError: If a limit is neither a number nor a percentage.
    """
    parsed = dict(values)
    for name in ("key_fields", "alternate_key_fields", "mirrored_segments"):
        if name in parsed:
            parsed[name] = parse_names(parsed[name] or ())
    if "max_removals" in parsed:
        parsed["max_removals"] = parse_limit(str(parsed["max_removals"]))
    if "relation" in parsed:
        parsed["relation"] = parse_relation(parsed["relation"])
    for name, parse in _BY_FIELD.items():
        if name in parsed:
            parsed[name] = {field: parse(text) for field, text in parsed[name].items() if text is not None}
    return parsed


def override(settings: StreamSettings, own: Mapping[str, Any]) -> StreamSettings:
    """Return the settings of a stream: its own settings, and those of the run for the others.

    Args:
        settings: The settings of the run.
        own: The stream's entry in `streams`. A `segment` replaces the run's `segment_column`, and the other way round.
    """
    values = {name: getattr(settings, name) for name in STREAM_SETTINGS}
    own = {name: value for name, value in own.items() if value is not None or name in _NULLABLE}
    if own.get("segment") and "segment_column" not in own:
        values["segment_column"] = None
    if own.get("segment_column") and "segment" not in own:
        values["segment"] = None
    parsed = parse_stream_values({name: value for name, value in own.items() if name != "key_fields" or value})
    parsed["field_mapping"] = {**settings.field_mapping, **own.get("field_mapping", {})}
    for name in _BY_FIELD:
        parsed[name] = merge_by_field(values[name], own.get(name, {}), parsed.get(name, {}))
    return StreamSettings(**{**values, **parsed})


def find_stream_problems(streams: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return one sentence for each problem in `streams`.

    Args:
        streams: The value of the setting.
    """
    problems = []
    for stream, own in streams.items():
        for name, value in own.items():
            if name not in STREAM_SETTINGS:
                problems.append(
                    f"streams: {name} of stream {stream} is not one of {', '.join(sorted(STREAM_SETTINGS))}"
                )
            elif value is None and name in _NULLABLE:
                continue
            elif problem := DEFINITIONS[name].find_problem(value):
                problems.append(f"streams: {problem} (stream {stream})")
            elif name == "list_api_name" and INVISIBLE.search(value):
                problems.append(f"streams: {name} of stream {stream} contains an invisible character")
            else:
                problems += [f"streams: {problem} (stream {stream})" for problem in find_value_problems(name, value)]
    return problems


def find_value_problems(name: str, value: Any) -> Iterator[str]:  # noqa: ANN401 - the value of a setting
    """Yield one sentence for each problem with the value of a setting that has the right type.

    Args:
        name: The setting.
        value: Its value.
    """
    if name == "field_mapping":
        yield from _find_mapping_problems(value)
    elif name == "field_types":
        yield from find_type_problems(value)
    elif name == "static_fields":
        yield from find_static_problems(value)
    elif name == "action_values":
        unknown = [text for text, action in value.items() if action not in _ACTIONS]
        if unknown:
            yield f"action_values: the meaning of {', '.join(map(repr, unknown))} must be add or remove"
    elif name in {"segment_column", "segment", "action_column"} and not value.strip():
        yield f"{name} must not be blank: leave it out"
    elif name == "relation":
        yield from find_relation_problems(value)
    elif name == "max_removals":
        try:
            parse_limit(str(value))
        except ValueError:
            yield "max_removals must be a number such as 100 or a share such as 50%"


def _find_mapping_problems(mapping: Mapping[str, Any]) -> Iterator[str]:
    for column, field_name in mapping.items():
        if field_name is not None and not isinstance(field_name, str):
            yield f"field_mapping of column {column} must be a field name or null"
        elif isinstance(field_name, str) and not field_name.strip():
            yield f"field_mapping of column {column} is blank: use null if the column must not be sent"


def find_contradictions(settings: StreamSettings) -> Iterator[str]:
    """Yield one sentence for each pair of settings that contradict each other.

    Args:
        settings: The settings of the run or of a stream.
    """
    yield from _find_contradictions_without_list(settings)
    option = settings.segment_data_import_option
    relation = settings.relation
    if relation is not None and relation.parent.casefold() == settings.list_api_name.casefold():
        yield f"relation: List {settings.list_api_name} cannot have a relation to itself: name another List in list"
    alternate = {name.casefold() for name in settings.alternate_key_fields}
    if alternate and alternate == {name.casefold() for name in settings.key_fields}:
        yield "alternate_key_fields and key_fields name the same fields: name others"
    yield from find_changes_contradictions(settings, option, has_alternate_key=bool(alternate))
    yield from _find_static_contradictions(settings)
    if settings.segment is not None and settings.segment_column is not None:
        yield "segment and segment_column contradict each other: use one of them"
    if option in {"mirror", "remove"} and not settings.has_segments:
        yield f"segment_data_import_option {option} needs Segments: set segment_column or segment"
    if settings.action_column is not None and not settings.has_segments:
        yield "action_column needs Segments: set segment_column or segment"
    if settings.action_column is not None and option in {"mirror", "remove"}:
        yield f"action_column and segment_data_import_option {option} contradict each other: use append or replace"
    if settings.mirrored_segments and option != "mirror" and settings.deleted_records != "leave_segments":
        yield "mirrored_segments needs segment_data_import_option mirror or deleted_records leave_segments"
    if settings.deleted_records == "leave_segments" and not settings.has_segments:
        yield "deleted_records leave_segments needs Segments: set segment_column or segment"
    if settings.removal_fields and not settings.may_remove:
        yield "removal_fields needs a setting by which records leave: remove, mirror, action_column or deleted_records"


def _find_contradictions_without_list(settings: StreamSettings) -> Iterator[str]:
    """Yield what contradicts `load_list: false`: all of it in one sentence."""
    if settings.load_list:
        return
    reasons = {
        "records_without_segment list_only": settings.records_without_segment == "list_only",
        "deleted_records delete": settings.deleted_records == "delete",
        "removal_fields": bool(settings.removal_fields),
        "relation": settings.relation is not None,
    }
    if not settings.has_segments:
        yield "load_list false needs Segments: set segment_column or segment"
    if found := ", ".join(name for name, applies in reasons.items() if applies):
        yield f"load_list false contradicts {found}: the List stays as it is"


def _find_static_contradictions(settings: StreamSettings) -> Iterator[str]:
    static = {name.casefold() for name in settings.static_fields}
    for setting in ("key_fields", "alternate_key_fields"):
        for name in getattr(settings, setting):
            if name.casefold() in static:
                yield f"static_fields and {setting} both name {name}: a key must differ by record"
    if not settings.has_segments and any("segment" in text.placeholders for text in settings.static_fields.values()):
        yield "static_fields with {segment} needs Segments: set segment_column or segment"
