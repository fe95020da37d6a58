"""Relations between Lists: each is checked, or created once both Lists and their fields exist."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.api import RelationDetails
from target_selligent.errors import DestinationError, suggest_names
from target_selligent.loading.open_list import OpenList

if TYPE_CHECKING:
    from collections.abc import Container

    from target_selligent.api import SelligentClient
    from target_selligent.loading.destination import ListDestination
    from target_selligent.settings import Relation

logger = logging.getLogger("target-selligent")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A relation that a stream needs.

    Args:
        stream: The stream.
        relation: The relation.
        list_api_name: The List of the stream, in the tenant's spelling.
        field: The field of this List, in the tenant's spelling.
    """

    stream: str
    relation: Relation
    list_api_name: str
    field: str


class ListRelations:
    """The relations of a run. Only the thread that reads the input uses it.

    Args:
        client: Calls Selligent.
        loaded_lists: The Lists that the run may load, by their names without case. A stream that comes later may create
            one of these, or fields of it.
    """

    def __init__(self, client: SelligentClient, loaded_lists: Container[str]) -> None:
        self._client = client
        self._loaded_lists = loaded_lists
        self._waiting: list[_Wanted] = []
        self._done: set[_Wanted] = set()

    def open_stream(self, stream: str, relation: Relation | None, destination: ListDestination) -> None:
        """Check or create the relation of a stream, and those that have waited for its List.

        Args:
            stream: The stream.
            relation: Its relation, if it has one.
            destination: Its List, with its fields.

        Raises:
            DestinationError: If a List or field does not exist and no stream can create it, or if Selligent has another
                relation of this name.
            ApiError: If Selligent refuses a call.
        """
        if relation is not None:
            field = destination.field(relation.field)
            if field is None:
                raise DestinationError(
                    f"stream {stream}: relation names field {relation.field}, which List {destination.api_name} does "
                    "not have: check its spelling, or load a column into it"
                )
            wanted = _Wanted(stream, relation, destination.api_name, field.name)
            if wanted not in self._done:
                self._waiting.append(wanted)
                self._done.add(wanted)
        # One that waits may be a relation to the List that the stream has just created.
        self._waiting = [wanted for wanted in self._waiting if not self._ensure(wanted, may_wait=True)]

    def finish(self) -> None:
        """Check or create the relations that still wait, when no stream can come any more.

        Raises:
            DestinationError: As for `open_stream`.
        """
        for wanted in self._waiting:
            self._ensure(wanted, may_wait=False)
        self._waiting = []

    def _ensure(self, wanted: _Wanted, *, may_wait: bool) -> bool:
        """Check or create a relation; return False if its parent is not complete and a stream may still complete it."""
        relation = wanted.relation
        may_wait = may_wait and relation.parent.casefold() in self._loaded_lists
        parent = self._client.get_list(relation.parent)
        if parent is None:
            if may_wait:
                return False
            raise DestinationError(
                f"stream {wanted.stream}: List {relation.parent}, which relation names, does not exist: check its "
                "spelling, or load a stream that creates it"
            )
        names = {field.name.casefold(): field.name for field in self._client.get_fields(parent.api_name)}
        related = names.get(relation.related_field.casefold())
        if related is None:
            if may_wait:
                return False
            raise DestinationError(
                f"stream {wanted.stream}: List {parent.api_name} has no field {relation.related_field}, which relation "
                f"names as related_field: it has {suggest_names(names.values(), [relation.related_field])}"
            )
        if relation.belongs_to_parent:
            master = parent.api_name
            details = RelationDetails(relation.scope, relation.type, related, wanted.list_api_name, wanted.field)
        else:
            master = wanted.list_api_name
            details = RelationDetails(relation.scope, relation.type, wanted.field, parent.api_name, related)
        self._check_or_create(wanted.stream, master, details)
        return True

    def _check_or_create(self, stream: str, master: str, details: RelationDetails) -> None:
        found = self._client.relations.get(master, details.scope)
        if found is None:
            owner = OpenList(master)
            owner.create_or_find(
                lambda: owner.retry_until_visible(lambda: self._client.relations.create(master, details)),
                lambda: self._client.relations.get(master, details.scope),
            )
            found = self._client.relations.get(master, details.scope)
            if found is None:
                raise DestinationError(
                    f"List {master}: Selligent accepted the relation {details.scope} but does not list it: run again, "
                    "or create it in Selligent"
                )
            logger.info("Created relation %s of List %s to List %s", details.scope, master, details.slave_list)
        if _without_case(found) != _without_case(details):
            raise DestinationError(
                f"stream {stream}: List {master} has another relation with the scope {found.scope}: {found.type}, from "
                f"field {found.master_field} to field {found.slave_field} of List {found.slave_list}; change it in "
                "Selligent, or give relation another scope"
            )


def _without_case(details: RelationDetails) -> tuple[str, ...]:
    parts = details.type, details.master_field, details.slave_list, details.slave_field
    return tuple(part.casefold() for part in parts)
