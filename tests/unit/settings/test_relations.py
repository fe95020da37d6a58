"""The setting `relation`: its checks, and the order in which related Lists are loaded."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.errors import SettingsError
from target_selligent.settings.relations import Relation, derive_load_levels, parse_relation
from tests.unit.config import settings_with

RELATION: dict[str, Any] = {"list": "people", "scope": "EVENTS", "field": "CUSTOMER_ID"}


def related(list_api_name: str, parent: str, **changes: Any) -> dict[str, Any]:
    """Return the entry of a stream whose List has a parent."""
    scope = f"{parent}_{list_api_name}"
    return {"list_api_name": list_api_name, "relation": {**RELATION, "list": parent, "scope": scope, **changes}}


def problems_with(**changes: Any) -> list[str]:
    """Return the problems of a config with some changes."""
    with pytest.raises(SettingsError) as caught:
        settings_with(**changes)
    return caught.value.problems


def test_a_relation_has_defaults() -> None:
    """Without type and related field, it is one to many between fields of one name; null and {} are no relation."""
    assert parse_relation(RELATION) == Relation("people", "EVENTS", "OneToMany", "CUSTOMER_ID", "CUSTOMER_ID")
    assert parse_relation(None) is parse_relation({}) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "ManyToMany"}, "type must be one of OneToMany, OneToOne, ManyToOne"),
        ({"scope": "a b"}, "letters, digits and underscores"),
        ({"scope": None}, "needs scope"),
        ({"field": 5}, "field must be text"),
        ({"lst": "x"}, "has a part lst"),
        ({"list": "Contacts"}, "cannot have a relation to itself"),
    ],
    ids=str,
)
def test_a_wrong_relation_is_one_line(changes: dict[str, Any], words: str) -> None:
    """What is wrong is said once, for the run and for a stream."""
    relation = {**RELATION, **changes}
    (problem,) = problems_with(relation=relation)
    assert "relation" in problem
    assert words in problem
    (problem,) = problems_with(streams={"s": {"relation": relation}})
    assert words in problem
    assert "(stream s)" in problem


def test_a_circle_is_one_line() -> None:
    """Lists that refer to each other are named in the order of the circle."""
    streams = {"a": related("a", "b"), "b": related("b", "c"), "c": related("c", "a"), "d": related("d", "a")}
    (problem,) = problems_with(streams=streams)
    assert "in a circle (a to b to c to a)" in problem


def test_one_scope_for_two_relations() -> None:
    """A List has one relation of a name; two streams of one List may both name it."""
    (problem,) = problems_with(streams={"a": related("a", "x", scope="S"), "b": related("b", "X", scope="s")})
    assert "only one relation with the scope" in problem
    settings_with(streams={"a": related("a", "x", scope="S"), "b": related("a", "x", scope="S")})


def test_types_of_one_list() -> None:
    """Streams of one List cannot want two types; where one is silent, the other decides."""
    both = {"a": {"list_type": "Datalist"}, "b": {"list_type": "Userlist"}}
    assert problems_with(streams=both) == [
        "list_type (a: Datalist, b: Userlist) must be the same for all streams of List contacts"
    ]
    assert settings_with(streams={"a": {"list_type": "Datalist"}, "b": {}}).for_list("Contacts").list_type == "Datalist"


def test_null_takes_the_relation_of_the_run_away() -> None:
    """A stream can do without the relation that the others have."""
    settings = settings_with(relation=RELATION, streams={"p": {"list_api_name": "people", "relation": None}, "e": {}})
    assert settings.for_stream("p").relation is None
    assert settings.load_levels == {"contacts": 1, "people": 0}


def test_levels() -> None:
    """A List waits for those of its parents that the run loads, and for theirs."""

    def to(parent: str) -> Relation:
        return Relation(parent, "S", "OneToMany", "F", "F")

    found = derive_load_levels([("C", to("b")), ("b", to("A")), ("a", None), ("d", to("elsewhere")), ("c", to("a"))])
    assert found == {"c": 2, "b": 1, "a": 0, "d": 0}
