"""Checks or creates the List and its fields, before anything is loaded into it."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from target_selligent.errors import DestinationError, NotFoundError, suggest_names
from target_selligent.loading.open_list import API_NAME
from target_selligent.records import ColumnMapping, find_own_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from target_selligent.api import ListDetails, SelligentClient
    from target_selligent.loading.open_list import OpenList
    from target_selligent.records import FieldDefinition, FieldSource, StreamFields

logger = logging.getLogger("target-selligent")

CREATED_BY = "Created by target-selligent"
"""Description of a List that the target has created. Missing fields are added to such a List: the run that created it
may have ended before its last stream or its newest schema came."""

_NOT_IN_API_NAMES = re.compile(r"[^A-Za-z0-9_]", re.ASCII)
_MAX_NAMED = 10


class ListFields:
    """The fields of one List.

    Only the thread that reads the input uses it.

    Args:
        client: Calls Selligent.
        open_list: The List.
        create_list: Whether a missing List is created.
        list_type: The type of a List that is created, if a setting says it.
    """

    def __init__(
        self, client: SelligentClient, open_list: OpenList, *, create_list: bool, list_type: str | None = None
    ) -> None:
        self._client = client
        self._list = open_list
        self._create_list = create_list
        self._list_type = list_type
        self._may_add_fields = False
        self._fields: dict[str, FieldDefinition] | None = None
        self._said: set[str] = set()

    def prepare(
        self,
        stream: str,
        fields: StreamFields,
        *,
        may_create: bool = True,
        add_fields: bool = False,
        on_found: Callable[[], None] | None = None,
    ) -> StreamFields:
        """Check or create the List and a writable field for each column and static field, before anything is loaded.

        Args:
            stream: Name of the stream, for messages.
            fields: The fields for its columns, and its static fields.
            may_create: Whether what is missing may be created, as far as the settings allow.
            add_fields: Whether missing fields are added to the List, whoever created it.
            on_found: Called once the name of the List is known, if it exists already, and before its fields are read.

        Returns:
            The same fields, with the List's spelling and types.

        Raises:
            DestinationError: If the List or a field is missing and may not be created, or if a field is read-only.
            ApiError: If Selligent refuses a call.
        """
        if self._fields is None:
            self._fields = self._open_list(stream, fields.sources, on_found, may_create=may_create)
        missing = [source for source in fields.sources if source.field.name.casefold() not in self._fields]
        own_fields = find_own_fields(missing, fields.sources, self._fields)
        if missing and not (may_create and (add_fields or self._may_add_fields)):
            raise DestinationError(self._missing_fields(stream, missing, own_fields))
        if missing:
            self._check_field_names(stream, missing)
            self._warn_of_own_fields(stream, own_fields)
            self._add_fields(missing)
        self._warn_of_types(fields)
        existing = self._fields
        mapped = replace(
            fields,
            columns=tuple(one.map_to_existing_field(existing[one.field.name.casefold()]) for one in fields.columns),
            static=tuple(one.map_to_existing_field(existing[one.field.name.casefold()]) for one in fields.static),
        )
        computed = [source for source in mapped.sources if not source.field.writable]
        if computed:
            names = ", ".join(source.described for source in computed)
            raise DestinationError(
                f"stream {stream}: List {self._list.api_name} computes these fields itself, they cannot be loaded: "
                f"{names}; leave the columns out with field_mapping (null) or give them other fields"
            )
        return mapped

    @property
    def is_open(self) -> bool:
        """Whether the fields of the List are known."""
        return self._fields is not None

    def field(self, name: str) -> FieldDefinition | None:
        """Return the List's field of this name, in any spelling. None if it has no such field or is not prepared."""
        return (self._fields or {}).get(name.casefold())

    def _open_list(
        self, stream: str, sources: Sequence[FieldSource], on_found: Callable[[], None] | None, *, may_create: bool
    ) -> dict[str, FieldDefinition]:
        details = self._client.get_list(self._list.api_name)
        if details is None:
            details = self._create_list_for(stream, sources, may_create=may_create)
            self._may_add_fields = True
        else:
            self._may_add_fields = self._create_list and details.description.strip() == CREATED_BY
            if self._list_type and details.list_type not in {"", self._list_type}:
                logger.warning(
                    "List %s is a %s, not a %s: list_type says only what is created, the List keeps its type",
                    details.api_name,
                    details.list_type,
                    self._list_type,
                )
        self._list.api_name = details.api_name
        if on_found is not None and not self._list.was_changed:
            on_found()
        return self._read_fields()

    def _create_list_for(self, stream: str, sources: Sequence[FieldSource], *, may_create: bool) -> ListDetails:
        if not may_create:
            raise DestinationError(
                f"List {self._list.api_name} does not exist, and stream {stream} creates nothing in it: check "
                "list_api_name and organization"
            )
        if not self._create_list:
            raise DestinationError(
                f"List {self._list.api_name} does not exist: check list_api_name and organization, "
                "or set create_list_if_not_exists to true"
            )
        _check_api_name(f"List {self._list.api_name}", self._list.api_name, "list_api_name")
        self._check_field_names(stream, sources)
        logger.info("Creating List %s", self._list.api_name)
        self._list.was_changed = True
        self._list.create_or_find(
            lambda: self._client.create_list(self._list.api_name, CREATED_BY, self._list_type or "Userlist"),
            lambda: self._client.get_list(self._list.api_name),
        )
        details = self._list.retry_until_visible(self._get_created_list)
        logger.info("Created List %s", details.api_name)
        return details

    def _get_created_list(self) -> ListDetails:
        details = self._client.get_list(self._list.api_name)
        if details is None:
            raise NotFoundError("the List that was just created is not there", call=f"GET lists/{self._list.api_name}")
        return details

    def _read_fields(self) -> dict[str, FieldDefinition]:
        fields = self._list.retry_until_visible(lambda: self._client.get_fields(self._list.api_name))
        return {field.name.casefold(): field for field in fields}

    def _add_fields(self, sources: Sequence[FieldSource]) -> None:
        """Create fields and read them back, until the List has all of them.

        Another run may create some of them at the same time. Then Selligent may refuse the call for the fields that
        are there now, or lose fields of two parallel calls (docs/selligent-api.md). What is still missing is created
        again, as long as each call brings the List nearer.
        """
        absent = [source.field for source in sources]
        while absent:
            names = ", ".join(field.name for field in absent)
            self._list.was_changed = True
            logger.info("List %s: creating fields %s", self._list.api_name, names)
            self._list.create_or_find(
                lambda: self._list.retry_until_visible(
                    lambda: self._client.create_fields(self._list.api_name, absent)  # noqa: B023 - called at once
                ),
                lambda: len(_find_absent(absent, self._read_fields())) < len(absent),  # noqa: B023 - called at once
            )
            self._fields = self._read_fields()
            still_absent = _find_absent(absent, self._fields)
            if len(still_absent) == len(absent):
                raise DestinationError(
                    f"List {self._list.api_name}: Selligent accepted the fields {names} but does not "
                    "list them: run again, or create them in Selligent"
                )
            absent = still_absent

    def _warn_of_own_fields(self, stream: str, own_fields: Mapping[str, str]) -> None:
        for column, field in own_fields.items():
            if self._is_new(f"{stream}/{column}"):
                logger.warning(
                    "Column %s of stream %s becomes a new field beside %s, which List %s has already: if it is the "
                    "same, set field_mapping: %s",
                    column,
                    stream,
                    field,
                    self._list.api_name,
                    json.dumps({column: field}, ensure_ascii=False),
                )

    def _warn_of_types(self, fields: StreamFields) -> None:
        """Log a warning for each field that has another type than `field_types` says, once a field."""
        for source in fields.sources:
            wanted, actual = source.field, self.field(source.field.name)
            if actual is None or wanted.name.casefold() not in fields.typed_fields:
                continue
            if wanted.type_text != actual.type_text and self._is_new(f"{wanted.name.casefold()} {wanted.type_text}"):
                logger.warning(
                    "Field %s of List %s is %s, not %s: field_types says only what is created, a field keeps its type",
                    actual.name,
                    self._list.api_name,
                    actual.type_text,
                    wanted.type_text,
                )

    def _is_new(self, said: str) -> bool:
        known = said in self._said
        self._said.add(said)
        return not known

    def _check_field_names(self, stream: str, sources: Sequence[FieldSource]) -> None:
        """Check that the names of new fields are possible, before anything is created.

        Raises:
            DestinationError: Naming the columns whose names are not, and the setting that gives them other fields.
        """
        bad = [source for source in sources if not API_NAME.fullmatch(source.field.name)]
        if bad:
            names = ", ".join(source.described for source in bad[:_MAX_NAMED])
            more = f" and {len(bad) - _MAX_NAMED:,} more" if len(bad) > _MAX_NAMED else ""
            mapping = {
                source.column_name: _NOT_IN_API_NAMES.sub("_", source.field.name)
                for source in bad[:_MAX_NAMED]
                if isinstance(source, ColumnMapping)
            }
            advice = (
                f"give the columns other fields, as with field_mapping: {json.dumps(mapping, ensure_ascii=False)}, "
                "or leave them out with null"
                if mapping
                else "rename them in static_fields"
            )
            raise DestinationError(
                f"stream {stream}: List {self._list.api_name} cannot have fields of these names: {names}{more}; a "
                f"field's name holds letters, digits and underscores only: {advice}"
            )

    def _missing_fields(self, stream: str, missing: Sequence[FieldSource], own_fields: Mapping[str, str]) -> str:
        names = ", ".join(source.described for source in missing)
        mapping = f" (such as {json.dumps(own_fields, ensure_ascii=False)})" if own_fields else ""
        return (
            f"stream {stream}: List {self._list.api_name} has no such fields: {names}; create them in Selligent, "
            f"or with create_fields_if_not_exist: true; give the columns existing fields with field_mapping{mapping}, "
            "or leave them out with field_mapping (null) "
            "or a stream map (create_list_if_not_exists adds fields only to Lists that target-selligent created); "
            "the List has: "
            + suggest_names(
                (field.name for field in (self._fields or {}).values() if field.writable),
                [source.field.name for source in missing],
            )
        )


def _find_absent(wanted: Iterable[FieldDefinition], existing: Mapping[str, FieldDefinition]) -> list[FieldDefinition]:
    return [field for field in wanted if field.name.casefold() not in existing]


def _check_api_name(what: str, name: str, setting: str) -> None:
    if not API_NAME.fullmatch(name):
        raise DestinationError(
            f"{what} cannot be created: an API name holds letters, digits and underscores only: change {setting}"
        )
