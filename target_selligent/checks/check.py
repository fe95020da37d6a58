"""A check of a config: everything that a run would need is read from Selligent, and nothing is written."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from target_selligent.api import OverviewCalls
from target_selligent.checks.connection import check_connection, check_headers
from target_selligent.checks.findings import Finding
from target_selligent.checks.rights import (
    LIST_DETAILS,
    LIST_FIELDS,
    LIST_SEARCH,
    RELATIONS,
    SEGMENT_DETAILS,
    SEGMENT_SEARCH,
    find_needed_rights,
)
from target_selligent.checks.streams import check_key, compare_stream
from target_selligent.errors import ApiError, TargetSelligentError, UnauthorizedError, suggest_names
from target_selligent.loading import ListSegments, OpenList
from target_selligent.records import style_segment_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from target_selligent.api import ListDetails
    from target_selligent.checks.rights import Right
    from target_selligent.loading import Plan
    from target_selligent.records import FieldDefinition
    from target_selligent.settings import Settings, StreamSettings

_NO_RECORD = 2_147_483_646
"""No record has a higher number, so a search for those is empty."""
_NO_SEGMENT = "target_selligent_check"
"""The Segment that is looked up if none is known: whether it exists does not matter."""
_T = TypeVar("_T")


class Check:
    """A check of one config.

    Args:
        settings: The settings.
        plan: A plan. Its run may read the input before `run` is called, or while it runs.

    Attributes:
        findings: What was found so far, in order.
    """

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self._settings = settings
        self._plan = plan
        self._client = plan.client(settings)
        self._transport = plan.open_transport(settings)
        self._fields: dict[str, Sequence[FieldDefinition]] = {}
        self._tried: dict[str, ApiError | None] = {}
        self.findings: list[Finding] = []

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, as far as it was checked."""
        return all(finding.status != "wrong" for finding in self.findings)

    def run(self, read_input: Callable[[], Sequence[str]] | None = None) -> Sequence[Finding]:
        """Check everything. If Selligent cannot be reached, the rest is left out.

        Args:
            read_input: Lets the run of the plan read the input, and returns sentences about rejected records.

        Returns:
            What was found, in order.
        """
        overview = OverviewCalls(self._transport)
        some_list = next((one.list_api_name for one in self._settings.all_streams), self._settings.list_api_name)
        self.findings += check_connection(
            self._settings, overview.get_organization, lambda: self._client.get_list(some_list)
        )
        if not self.ok:
            return self.findings
        self.findings += check_headers(self._transport)
        rejected = read_input() if read_input is not None else ()
        for name in self._find_lists():
            self.findings += self._check_list(name, overview)
        self.findings += self._check_rights()
        self.findings += self._check_streams() if self._plan.streams else self._check_settings()
        self.findings += self._check_segments()
        self.findings += [Finding("wrong", problem.subject, problem.message) for problem in self._plan.problems]
        self.findings += [Finding("note", "records", sentence) for sentence in rejected]
        self.findings += [Finding("note", "would be created", str(creation)) for creation in self._plan.creations]
        return self.findings

    def _find_lists(self) -> Sequence[str]:
        """Return the Lists of the streams that came; those of the settings if none came."""
        named = [one.list_api_name for one in self._plan.streams.values()]
        named = named or [one.list_api_name for one in self._settings.all_streams]
        return list({name.casefold(): name for name in named}.values())

    def _check_list(self, name: str, overview: OverviewCalls) -> Iterator[Finding]:
        subject = f"List {name}"
        details = self._try(LIST_DETAILS, lambda: self._client.get_list(name))
        if details is None:
            if self._tried[LIST_DETAILS] is None:
                yield self._describe_missing_list(name)
            return
        if self._is_new(details):
            yield Finding("note", subject, "does not exist; a run would create it")
            self._try(LIST_FIELDS, lambda: self._client.get_fields(details.api_name))
            return
        count = None
        with suppress(ApiError):
            # A run does not need this right.
            count = overview.count_records(details.api_name)
        records = "" if count is None else f", {count:,} records"
        yield Finding("ok", subject, f"{details.list_type or 'of unknown type'}{records}")
        fields = self._try(LIST_FIELDS, lambda: self._client.get_fields(details.api_name))
        if fields is not None:
            self._fields[name.casefold()] = fields

    def _is_new(self, details: ListDetails) -> bool:
        return any(one.kind == "List" and one.list_api_name == details.api_name for one in self._plan.creations)

    def _describe_missing_list(self, name: str) -> Finding:
        subject = f"List {name}"
        own = self._settings.for_list(name)
        if own.create_list_if_not_exists and own.load_list:
            return Finding("note", subject, "does not exist; a run would create it")
        if self._settings.streams and name == self._settings.list_api_name and not self._plan.streams:
            return Finding("note", subject, "does not exist; only streams without an entry in streams need it")
        advice = "check list_api_name and organization, or set create_list_if_not_exists to true"
        return Finding("wrong", subject, "does not exist", advice)

    def _check_rights(self) -> Iterator[Finding]:
        for right in find_needed_rights(self._settings):
            self._try_right(right)
            subject = f"right {right.name}"
            if right.name not in self._tried:
                yield Finding(
                    "unknown", subject, f"{right.setting} needs {right.call}: only a write shows whether it is granted"
                )
                continue
            error = self._tried[right.name]
            if error is None:
                yield Finding("ok", subject, f"{right.setting} needs {right.call}: granted")
            elif isinstance(error, UnauthorizedError):
                yield Finding(
                    "wrong",
                    subject,
                    f"{right.setting} needs {right.call}: not granted (401)",
                    "grant this endpoint to the service account",
                )
            else:
                yield Finding("wrong", subject, f"{right.setting} needs {right.call}: {error.message}")

    def _try_right(self, right: Right) -> None:
        """Find out whether a right to read is granted, if that is not known yet."""
        for name in right.lists:
            if name.casefold() not in self._fields:
                continue
            segment = self._find_segment(name)
            if right.name == RELATIONS:
                self._try(RELATIONS, lambda name=name: self._client.relations.get(name, ""))  # type: ignore[misc]
            elif right.name == SEGMENT_DETAILS:
                self._try(
                    SEGMENT_DETAILS,
                    lambda name=name, segment=segment: self._client.get_segment(name, segment or _NO_SEGMENT),  # type: ignore[misc]
                )
            elif right.name == LIST_SEARCH:
                self._try(LIST_SEARCH, lambda name=name: self._search(name, None))  # type: ignore[misc]
            elif right.name == SEGMENT_SEARCH and segment is not None:
                self._try(SEGMENT_SEARCH, lambda name=name, segment=segment: self._search(name, segment))  # type: ignore[misc]

    def _search(self, list_api_name: str, segment: str | None) -> bool:
        """Search for nobody: a search that is allowed finds no record."""
        self._transport.searches = True
        return bool(self._client.search_members(list_api_name, segment, [], after=_NO_RECORD, take=1))

    def _find_segment(self, list_api_name: str) -> str | None:
        """Return a Segment of a List that exists; None if none is known."""
        known = [segment for (name, segment), new in self._plan.segments.items() if name == list_api_name and not new]
        if not known:
            with suppress(ApiError):
                known = [one.api_name for one in self._client.list_segments(list_api_name, 1)]
        return known[0] if known else None

    def _check_streams(self) -> Iterator[Finding]:
        new: dict[str, set[str]] = {}
        for creation in self._plan.creations:
            if creation.kind == "fields":
                new.setdefault(creation.list_api_name, set()).update(map(str.casefold, creation.names))
        for stream in self._plan.streams.values():
            fields = self._fields.get(stream.list_api_name.casefold())
            created = new.get(stream.list_api_name, set())
            if fields is not None or created:
                yield from compare_stream(stream, fields or (), created)

    def _check_settings(self) -> Iterator[Finding]:
        """Yield whether the Lists have the fields that the settings name."""
        seen: set[tuple[str, ...]] = set()
        for own in self._settings.all_streams:
            fields = self._fields.get(own.list_api_name.casefold())
            if fields is None:
                continue
            names = {field.name.casefold() for field in fields}
            for setting, name in _named_fields(own):
                if (own.list_api_name, setting, name) in seen:
                    continue
                seen.add((own.list_api_name, setting, name))
                subject = f"{setting} {name}"
                if name.casefold() in names:
                    yield Finding("ok", subject, f"List {own.list_api_name} has this field")
                elif not (own.create_list_if_not_exists or own.create_fields_if_not_exist):
                    known = suggest_names((field.name for field in fields), [name])
                    yield Finding("wrong", subject, f"List {own.list_api_name} has no such field; it has: {known}")
            if (own.list_api_name, *own.key_fields) not in seen:
                seen.add((own.list_api_name, *own.key_fields))
                yield from check_key(own.list_api_name, own.key_fields)

    def _check_segments(self) -> Iterator[Finding]:
        """Yield whether the Segments that the input or the settings name can be loaded."""
        for own in self._settings.all_streams:
            if own.segment is None or own.list_api_name.casefold() not in self._fields:
                continue
            finder = ListSegments(
                self._client,
                OpenList(own.list_api_name),
                create_segments=own.create_segment_if_not_exists,
            )
            segment = style_segment_name(own.segment, underscore=own.segment_name_style == "underscore")
            try:
                self._plan.note_segment(own.list_api_name, finder.segment_name(segment))
            except TargetSelligentError as error:
                self._plan.note_problem(f"Segment {segment}", error)
        for (list_api_name, segment), is_new in self._plan.segments.items():
            what = f"Static Segment of List {list_api_name}"
            if is_new:
                yield Finding("note", f"Segment {segment}", f"{what}, would be created")
            else:
                yield Finding("ok", f"Segment {segment}", what)

    def _try(self, right: str, call: Callable[[], _T]) -> _T | None:
        """Make a call, and note whether the right to do so is granted. Return None if it fails."""
        try:
            result = call()
        except ApiError as error:
            self._tried[right] = error
            return None
        self._tried.setdefault(right, None)
        return result


def _named_fields(own: StreamSettings) -> Iterator[tuple[str, str]]:
    """Yield the fields that the settings of a stream name, each with its setting."""
    for setting, names in (
        # These two may name columns, too.
        ("key_fields", [name for name in own.key_fields if name not in own.field_mapping]),
        ("alternate_key_fields", [name for name in own.alternate_key_fields if name not in own.field_mapping]),
        ("removal_fields", own.removal_fields),
        ("field_mapping", [name for name in own.field_mapping.values() if name is not None]),
        ("relation", [own.relation.field] if own.relation is not None else []),
    ):
        for name in names:
            yield setting, name
