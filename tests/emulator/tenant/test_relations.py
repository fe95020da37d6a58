"""Relations between Lists."""

from typing import Any

import pytest

from tests.emulator.support import ApiClient

RELATION = {
    "scope": "ORDERS",
    "type": "OneToMany",
    "masterlist_field_name": "CID",
    "slavelist_api_name": "orders",
    "slavelist_field_name": "CID",
}


@pytest.fixture
def related(api: ApiClient) -> ApiClient:
    """A client of an emulator with two Lists and a relation."""
    api.create_list()
    api.create_list("orders")
    assert api.call("POST", "/lists/contacts/relations", json={"relations": [RELATION]}).status_code == 201
    return api


def test_a_relation_is_read_back(related: ApiClient) -> None:
    """A relation is in the overview, and its details have the names of the response."""
    overview = related.call("GET", "/lists/contacts/relations").json()["relations"]
    assert overview == [
        {
            "type": "OneToMany",
            "scope": "ORDERS",
            "source_list_api_name": "contacts",
            "destination_list_api_name": "orders",
        }
    ]
    assert related.call("GET", "/lists/contacts/relations/orders").json() == {
        "scope_name": "ORDERS",
        "relation_type": "OneToMany",
        "master_list_api_name": "contacts",
        "master_list_field_name": "CID",
        "slave_list_api_name": "orders",
        "slave_list_field_name": "CID",
        "constraints": [],
    }


def test_the_overview_is_filtered_by_type(related: ApiClient) -> None:
    """The overview shows only relations of the requested type."""
    found = related.call("GET", "/lists/contacts/relations", params={"filter": "OneToOne"}).json()
    assert found == {"relations": []}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scope": "a b"},
        {"scope": "NEW", "slavelist_api_name": "none"},
        {"scope": "NEW", "masterlist_field_name": "NONE"},
        {"scope": "NEW", "type": "ManyToMany"},
    ],
    ids=["taken", "name", "no list", "no field", "type"],
)
def test_a_wrong_relation_is_refused(related: ApiClient, changes: dict[str, Any]) -> None:
    """A relation whose scope exists already, or whose List or field does not exist, gets status 400."""
    response = related.call("POST", "/lists/contacts/relations", json={"relations": [{**RELATION, **changes}]})
    assert response.status_code == 400
    assert len(related.call("GET", "/lists/contacts/relations").json()["relations"]) == 1


def test_a_relation_is_updated_and_deleted(related: ApiClient) -> None:
    """A relation can get a new scope and a constraint, and can be deleted."""
    constraint = {"list1": "MASTER", "field1": "CID", "operator": "EqualTo", "value": "10"}
    changes = {"scope": "RENAMED", "constraints": [constraint]}
    assert related.call("PUT", "/lists/contacts/relations/ORDERS", json=changes).status_code == 200
    details = related.call("GET", "/lists/contacts/relations/RENAMED").json()
    assert details["constraints"][0]["field_value"] == "10"
    assert related.call("DELETE", "/lists/contacts/relations/RENAMED").status_code == 200
    assert related.call("GET", "/lists/contacts/relations/RENAMED").status_code == 404


def test_two_relations_cannot_have_one_scope(related: ApiClient) -> None:
    """An update to the scope of another relation is refused."""
    body = {"relations": [{**RELATION, "scope": "SECOND"}]}
    assert related.call("POST", "/lists/contacts/relations", json=body).status_code == 201
    assert related.call("PUT", "/lists/contacts/relations/SECOND", json={"scope": "orders"}).status_code == 400


def test_a_deleted_list_leaves_no_relation(related: ApiClient) -> None:
    """With a List, the relations of other Lists to it go."""
    assert related.call("DELETE", "/lists/orders").status_code in {200, 204}
    assert related.call("GET", "/lists/contacts/relations").json() == {"relations": []}
