"""The OpenAPI description: compared with a table of the API's endpoints, and with the responses."""

from typing import Any, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.emulator.support import KEY, ApiClient

LIST = "/lists/{api_name}"
SEGMENT = f"{LIST}/segments/{{segment_api_name}}"
ROWS = frozenset({"[]"})
LISTS_QUERY = "filter search skip take"
DELETE_QUERY = "keyFields! fields mode errorHandling"
SEGMENT_LOAD_QUERY = f"{DELETE_QUERY} deduplication"
LOAD_QUERY = f"{SEGMENT_LOAD_QUERY} data_import_option create_segment_name create_segment_api_name"
LIST_BODY = "api_name! name! type! description tags enforce_segment_selection optionlist_codetype"
LIST_CHANGES = "api_name name description tags email_quality_configuration enforce_segment_selection taglist_api_name"
RELATION = "scope type masterlist_field_name slavelist_api_name slavelist_field_name constraints"
SEARCH = "fields! filters skip take order_by order_by_direction"


class Endpoint(NamedTuple):
    """An endpoint of the API. `!` marks required names."""

    operation_id: str
    method: str
    path: str
    query: str = ""
    body: str = ""
    status: int = 200


ENDPOINTS = [
    Endpoint("Organization_Get", "get", ""),
    Endpoint("List_GetLists", "get", "/lists", LISTS_QUERY),
    Endpoint("List_CreateList", "post", "/lists", "", LIST_BODY),
    Endpoint("List_GetList", "get", LIST),
    Endpoint("List_UpdateList", "put", LIST, "", LIST_CHANGES),
    Endpoint("List_Delete", "delete", LIST, "dropTable"),
    Endpoint("List_GetListFields", "get", f"{LIST}/fields"),
    Endpoint("List_CreateListFields", "post", f"{LIST}/fields", "", "fields!", 201),
    Endpoint("Data_SaveListData", "post", f"{LIST}/data", "keyfields!", "{}"),
    Endpoint("Data_DeleteData", "delete", f"{LIST}/data", DELETE_QUERY, "[]"),
    Endpoint("Data_LoadData", "post", f"{LIST}/data/load", LOAD_QUERY, "[]"),
    Endpoint("Data_SearchData", "post", f"{LIST}/data/search", "mode", SEARCH),
    Endpoint("List_GetListRecordsCount", "get", f"{LIST}/records"),
    Endpoint("List_GetRelations", "get", f"{LIST}/relations", "filter"),
    Endpoint("List_CreateListRelations", "post", f"{LIST}/relations", "", "relations!", 201),
    Endpoint("List_GetRelationDetails", "get", f"{LIST}/relations/{{scope}}"),
    Endpoint("List_UpdateListRelation", "put", f"{LIST}/relations/{{scope}}", "", RELATION),
    Endpoint("List_DeleteRelation", "delete", f"{LIST}/relations/{{scope}}"),
    Endpoint("List_GetListSegments", "get", f"{LIST}/segments", LISTS_QUERY),
    Endpoint("List_CreateStaticSegment", "post", f"{LIST}/segments/static", "", "api_name! name! description tags"),
    Endpoint("List_GetListSegment", "get", SEGMENT),
    Endpoint("List_DeleteSegment", "delete", SEGMENT),
    Endpoint("Data_DeleteSegmentData", "delete", f"{SEGMENT}/data", DELETE_QUERY, "[]"),
    Endpoint("Data_ClearStaticSegmentData", "delete", f"{SEGMENT}/data/clear"),
    Endpoint("Data_LoadSegmentData", "post", f"{SEGMENT}/data/load", SEGMENT_LOAD_QUERY, "[]"),
    Endpoint("Data_SearchSegmentData", "post", f"{SEGMENT}/data/search", "mode", SEARCH),
]
# Parts of bodies that are lists of objects, by the name that the description gives them.
ITEMS = {
    "FieldItem": "name! data_type! length description allow_null content optionlist value_definition",
    "RelationItem": "scope! type! masterlist_field_name! slavelist_api_name! slavelist_field_name! constraints",
    "Constraint": "list1 field1 operator list2 field2 value",
    "SearchFilter": "field_name! operator! field_value",
    "EmailQuality": "type bounce_scope actions bounce_stored_procedures",
    "EmailQualityAction": "name value",
}
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SETTINGS = settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def _marked(names: Any, required: Any) -> set[str]:
    return {f"{name}!" if name in required else name for name in names}


def _describe(body: Any, schemas: Any) -> set[str]:
    schema = body["content"]["application/json"]["schema"]
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if schema["type"] == "array":
        return {"[]"}
    if "properties" not in schema:
        return {"{}"}
    assert schema["additionalProperties"] is False
    return _marked(schema["properties"], schema.get("required", ()))


@pytest.fixture(scope="module")
def description(server: Any) -> Any:
    """The emulator's OpenAPI description."""
    client = ApiClient(server.base_url)
    with client.session:
        return client.session.get(f"{server.base_url}/openapi.json", timeout=60).json()


def test_the_description_has_exactly_the_endpoints(description: Any) -> None:
    """The description has the endpoints of the table and no others."""
    found = {
        (operation["operationId"], method, path)
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    }
    root = "/Portal/Api/organizations/{organization}"
    assert found == {(one.operation_id, one.method, root + one.path) for one in ENDPOINTS}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.operation_id)
def test_an_endpoint_is_as_in_the_table(description: Any, endpoint: Endpoint) -> None:
    """Query parameters, body fields, required names and the status of success are those of the table."""
    root = "/Portal/Api/organizations/{organization}"
    operation = description["paths"][root + endpoint.path][endpoint.method]
    query = [one for one in operation["parameters"] if one["in"] == "query"]
    required = {one["name"] for one in query if one["required"]}
    assert _marked((one["name"] for one in query), required) == set(endpoint.query.split())
    body = operation.get("requestBody")
    assert (_describe(body, description["components"]["schemas"]) if body else set()) == set(endpoint.body.split())
    assert [int(status) for status in operation["responses"] if status < "300"] == [endpoint.status]


@pytest.mark.parametrize(("name", "properties"), ITEMS.items(), ids=ITEMS)
def test_a_part_of_a_body_is_as_in_the_table(description: Any, name: str, properties: str) -> None:
    """Objects inside bodies have the API's names."""
    schema = description["components"]["schemas"][name]
    assert _marked(schema["properties"], schema.get("required", ())) == set(properties.split())


@pytest.fixture(scope="module")
def operations(server: Any) -> Any:
    """A generator of calls from the description."""
    return schemathesis.openapi.from_url(f"{server.base_url}/openapi.json")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fits", "misses"])
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.operation_id)
def test_responses_fit_the_description(
    contacts: ApiClient, operations: Any, endpoint: Endpoint, mode: GenerationMode
) -> None:
    """Calls that fit the description, and calls that do not, get responses as described, and no server error."""
    contacts.load("CID,PRICE", [["a", 1], ["b", 2]])
    contacts.load_segment([["a"]])
    operation = operations.find_operation_by_id(endpoint.operation_id)
    names = {"organization": "my_org", "api_name": "contacts", "segment_api_name": "vip"}

    @given(case=operation.as_strategy(generation_mode=mode))
    @SETTINGS
    def call(case: Any) -> None:
        case.path_parameters.update({name: names[name] for name in case.path_parameters.keys() & names})
        case.call_and_validate(checks=CHECKS, headers={"X-ApiKey": KEY}, timeout=60)

    call()
    assert contacts.counters()["requests"] > 4
