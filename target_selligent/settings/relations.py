"""Relations between Lists: their setting, and the order in which related Lists are loaded. Pure; no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

RELATION_TYPES = ("OneToMany", "OneToOne", "ManyToOne")

_REQUIRED = ("list", "scope", "field")
_PARTS = (*_REQUIRED, "type", "related_field")
_SCOPE = re.compile(r"[A-Za-z0-9_]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of the List of a stream to another List, its parent.

    Args:
        parent: API name of the parent List. Its rows are loaded first.
        scope: Name of the relation.
        type: `OneToMany` or `OneToOne`, as the parent sees it; `ManyToOne`, as the List of the stream sees it.
        field: Field of the List of the stream.
        related_field: Field of the parent.
    """

    parent: str
    scope: str
    type: str
    field: str
    related_field: str

    @property
    def belongs_to_parent(self) -> bool:
        """Whether the relation is one of the parent. `ManyToOne` is a relation of the List of the stream."""
        return self.type != "ManyToOne"


def parse_relation(value: Mapping[str, Any] | None) -> Relation | None:
    """Return the relation of a setting that `find_relation_problems` has checked.

    Args:
        value: The value of the setting; None or an empty object for no relation.
    """
    if not value:
        return None
    parts = {name: str(text).strip() for name, text in value.items() if text is not None}
    return Relation(
        parts["list"],
        parts["scope"],
        parts.get("type", "OneToMany"),
        parts["field"],
        parts.get("related_field", parts["field"]),
    )


def find_relation_problems(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each problem with the value of the setting `relation`.

    Args:
        value: An object.
    """
    if not value:
        return
    for name, text in value.items():
        if name not in _PARTS:
            yield f"relation has a part {name}: it can have {', '.join(_PARTS)}"
        elif text is not None and not (isinstance(text, str) and text.strip()):
            yield f"relation: {name} must be text"
    for name in _REQUIRED:
        if value.get(name) is None:
            yield f"relation needs {name}: it has {', '.join(_REQUIRED)}, and may have type and related_field"
    kind, scope = value.get("type"), value.get("scope")
    if isinstance(kind, str) and kind.strip() and kind.strip() not in RELATION_TYPES:
        yield f"relation: type must be one of {', '.join(RELATION_TYPES)}"
    if isinstance(scope, str) and scope.strip() and not _SCOPE.fullmatch(scope.strip()):
        yield "relation: scope is a name of letters, digits and underscores"


def find_relation_contradictions(relations: Iterable[tuple[str, Relation | None]]) -> Iterator[str]:
    """Yield one sentence for each contradiction between the relations of a run.

    Args:
        relations: The List of each stream, and the relation of the stream.
    """
    known: dict[tuple[str, str], tuple[str, Relation]] = {}
    parents: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for list_api_name, relation in relations:
        if relation is None or _is_same(list_api_name, relation.parent):
            continue
        names |= {name.casefold(): name for name in (list_api_name, relation.parent)}
        parents.setdefault(list_api_name.casefold(), set()).add(relation.parent.casefold())
        owner = relation.parent if relation.belongs_to_parent else list_api_name
        place = owner.casefold(), relation.scope.casefold()
        if known.setdefault(place, (list_api_name.casefold(), relation)) != (list_api_name.casefold(), relation):
            yield f"relation: List {owner} can have only one relation with the scope {relation.scope}"
    if cycle := _find_cycle(parents):
        path = " to ".join(names[name] for name in (*cycle, cycle[0]))
        yield f"relation: the Lists refer to each other in a circle ({path}), so none of them can be loaded first"


def derive_load_levels(relations: Iterable[tuple[str, Relation | None]]) -> dict[str, int]:
    """Return the level of each List that the run may load: a List of level 1 waits for those of level 0, and so on.

    Args:
        relations: The List of each stream, and the relation of the stream. They have no circle.

    Returns:
        The API name of each List, without case, mapped to its level. A List without a parent that the run loads has
        level 0.
    """
    known = list(relations)
    parents: dict[str, set[str]] = {list_api_name.casefold(): set() for list_api_name, _ in known}
    for list_api_name, relation in known:
        if relation is not None and not _is_same(list_api_name, relation.parent):
            parents[list_api_name.casefold()] |= {relation.parent.casefold()} & parents.keys()
    levels: dict[str, int] = {}
    while ready := [name for name in parents if name not in levels and parents[name] <= levels.keys()]:
        levels |= {name: 1 + max((levels[parent] for parent in parents[name]), default=-1) for name in ready}
    return levels


def _is_same(name: str, other: str) -> bool:
    return name.casefold() == other.casefold()


def _find_cycle(parents: Mapping[str, set[str]]) -> list[str]:
    """Return Lists of which each has the next as a parent, and the last has the first; empty if there are none."""
    left = {name: set(some) for name, some in parents.items()}
    # Lists that are no child wait for nothing; what waits only for them waits for nothing, either.
    while free := [name for name, some in left.items() if not some & left.keys()]:
        for name in free:
            del left[name]
    if not left:
        return []
    path = [min(left)]
    while (following := min(left[path[-1]] & left.keys())) not in path:
        path.append(following)
    return path[path.index(following) :]
