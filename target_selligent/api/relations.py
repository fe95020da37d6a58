"""The endpoints of relations between Lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.errors import NotFoundError

if TYPE_CHECKING:
    from target_selligent.api.transport import Transport


@dataclass(frozen=True, slots=True)
class RelationDetails:
    """A relation between two Lists.

    Args:
        scope: Its name. The List that it belongs to, the master, has one relation of this name.
        type: `OneToMany`, `OneToOne` or `ManyToOne`, as the master sees it.
        master_field: The field of the master.
        slave_list: API name of the other List.
        slave_field: The field of the other List.
    """

    scope: str
    type: str
    master_field: str
    slave_list: str
    slave_field: str


class RelationCalls:
    """Calls the endpoints of relations.

    Args:
        transport: Sends the requests.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, master_list: str, scope: str) -> RelationDetails | None:
        """Return a relation of a List; None if it has none of this name.

        The overview is read first: for a relation that does not exist, the response to the second call is not
        documented.

        Args:
            master_list: The List that the relation belongs to.
            scope: The name of the relation, in any spelling.
        """
        path = ["lists", master_list, "relations"]
        listed = self._transport.call("GET", path).get("relations")
        names = [_text(one, "scope") for one in listed or () if isinstance(one, dict)]
        known = next((name for name in names if name.casefold() == scope.casefold()), None)
        if known is None:
            return None
        try:
            found = self._transport.call("GET", [*path, known])
        except NotFoundError:
            return None
        return RelationDetails(
            known,
            _text(found, "relation_type"),
            _text(found, "master_list_field_name"),
            _text(found, "slave_list_api_name"),
            _text(found, "slave_list_field_name"),
        )

    def create(self, master_list: str, relation: RelationDetails) -> None:
        """Add a relation to a List.

        Args:
            master_list: The List that the relation will belong to.
            relation: The relation.
        """
        body = {
            "relations": [
                {
                    "scope": relation.scope,
                    "type": relation.type,
                    "masterlist_field_name": relation.master_field,
                    "slavelist_api_name": relation.slave_list,
                    "slavelist_field_name": relation.slave_field,
                }
            ]
        }
        self._transport.call("POST", ["lists", master_list, "relations"], body=body)


def _text(response: dict[str, Any], name: str) -> str:
    value = response.get(name)
    return value if isinstance(value, str) else ""
