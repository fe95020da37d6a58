"""Relations between Lists. Both Lists and their fields must exist; otherwise a relation is stored as defined."""

from collections.abc import Mapping
from typing import Any

from target_selligent.emulator import jsontext
from target_selligent.emulator.refusals import ValidationRefusal
from target_selligent.emulator.tenant.database import transaction
from target_selligent.emulator.tenant.fields import check_name
from target_selligent.emulator.tenant.store import ListEntry, Store


def list_relations(store: Store, entry: ListEntry, kind: str | None = None) -> list[dict[str, Any]]:
    """Return a List's relations: all, or those of one type."""
    rows = store.connection.execute("SELECT definition FROM relations WHERE list_id = ? ORDER BY rowid", (entry.id,))
    found = (jsontext.decode(definition) for (definition,) in rows)
    return [relation for relation in found if kind is None or relation["type"] == kind]


def get_relation(store: Store, entry: ListEntry, scope: str) -> dict[str, Any]:
    """Return one relation.

    Raises:
        NotFoundRefusal: The List has no relation with this scope.
    """
    sql = "SELECT definition FROM relations WHERE list_id = ? AND scope = ?"
    row = store.connection.execute(sql, (entry.id, scope)).fetchone()
    if row is None:
        raise store.not_found("The relation")
    relation: dict[str, Any] = jsontext.decode(row[0])
    return relation


def create_relations(store: Store, entry: ListEntry, definitions: list[dict[str, Any]]) -> None:
    """Add relations: all, or none if one is not valid.

    Raises:
        ValidationRefusal: A scope is in use already, a List or field does not exist, or no relation is defined.
    """
    if not definitions:
        raise ValidationRefusal("No relations are given")
    used = {relation["scope"].casefold() for relation in list_relations(store, entry)}
    for definition in definitions:
        _check(store, entry, definition)
        if definition["scope"].casefold() in used:
            raise ValidationRefusal(f"Relation {definition['scope']} exists already")
        used.add(definition["scope"].casefold())
    with transaction(store.connection) as connection:
        connection.executemany(
            "INSERT INTO relations (list_id, scope, definition) VALUES (?, ?, ?)",
            [(entry.id, one["scope"], jsontext.encode(one).decode()) for one in definitions],
        )


def update_relation(store: Store, entry: ListEntry, scope: str, changes: Mapping[str, Any]) -> None:
    """Change a relation.

    Raises:
        NotFoundRefusal: The List has no relation with this scope.
        ValidationRefusal: Another relation has the new scope, or a List or field does not exist.
    """
    current = get_relation(store, entry, scope)
    changed = {**current, **{name: value for name, value in changes.items() if value is not None}}
    _check(store, entry, changed)
    others = {one["scope"].casefold() for one in list_relations(store, entry)} - {current["scope"].casefold()}
    if changed["scope"].casefold() in others:
        raise ValidationRefusal(f"Relation {changed['scope']} exists already")
    store.connection.execute(
        "UPDATE relations SET scope = ?, definition = ? WHERE list_id = ? AND scope = ?",
        (changed["scope"], jsontext.encode(changed).decode(), entry.id, scope),
    )


def delete_relation(store: Store, entry: ListEntry, scope: str) -> None:
    """Delete a relation.

    Raises:
        NotFoundRefusal: The List has no relation with this scope.
    """
    get_relation(store, entry, scope)
    store.connection.execute("DELETE FROM relations WHERE list_id = ? AND scope = ?", (entry.id, scope))


def _check(store: Store, entry: ListEntry, definition: Mapping[str, Any]) -> None:
    check_name(definition["scope"], "A relation's scope")
    slave = store.find_list(entry.organization, definition["slavelist_api_name"])
    if slave is None:
        raise ValidationRefusal(f"List {definition['slavelist_api_name']} does not exist")
    for owner, name in ((entry, definition["masterlist_field_name"]), (slave, definition["slavelist_field_name"])):
        if name.casefold() not in {field.name.casefold() for field in store.fields(owner)}:
            raise ValidationRefusal(f"List {owner.api_name} has no field {name}")
