"""Relations between Lists."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from target_selligent.emulator.http import request_models, response_models
from target_selligent.emulator.http.forms import FormRoute
from target_selligent.emulator.http.routes.common import emulator_of, json_response, list_from_path, success_response
from target_selligent.emulator.tenant import relations

router = APIRouter(route_class=FormRoute)

NoQuery = Annotated[request_models.Query, Query()]


@router.get(
    "/lists/{api_name}/relations", operation_id="List_GetRelations", response_model=response_models.RelationsAnswer
)
async def get_relations(
    request: Request, api_name: str, query: Annotated[request_models.RelationQuery, Query()]
) -> Response:
    """Return an overview of a List's relations."""
    entry = list_from_path(request)
    found = relations.list_relations(emulator_of(request).store, entry, query.filter)
    return json_response(
        {
            "relations": [
                {
                    "type": relation["type"],
                    "scope": relation["scope"],
                    "source_list_api_name": entry.api_name,
                    "destination_list_api_name": relation["slavelist_api_name"],
                }
                for relation in found
            ]
        }
    )


@router.post(
    "/lists/{api_name}/relations",
    operation_id="List_CreateListRelations",
    status_code=201,
    response_model=response_models.Result,
)
async def create_relations(
    request: Request, api_name: str, query: NoQuery, model: request_models.RelationsCreation
) -> Response:
    """Add relations to a List."""
    definitions = [relation.model_dump() for relation in model.relations]
    relations.create_relations(emulator_of(request).store, list_from_path(request), definitions)
    # The only success whose body has `errors`, as the API's description has it.
    return json_response({"errors": None, "result_code": "Succeeded", "message": "The relations were created"}, 201)


@router.get(
    "/lists/{api_name}/relations/{scope}",
    operation_id="List_GetRelationDetails",
    response_model=response_models.RelationAnswer,
)
async def get_relation(request: Request, api_name: str, scope: str, query: NoQuery) -> Response:
    """Return a relation's details."""
    entry = list_from_path(request)
    relation = relations.get_relation(emulator_of(request).store, entry, scope)
    return json_response(
        {
            "scope_name": relation["scope"],
            "relation_type": relation["type"],
            "master_list_api_name": entry.api_name,
            "master_list_field_name": relation["masterlist_field_name"],
            "slave_list_api_name": relation["slavelist_api_name"],
            "slave_list_field_name": relation["slavelist_field_name"],
            "constraints": [
                {
                    "source_list": constraint["list1"],
                    "source_field": constraint["field1"],
                    "operator": constraint["operator"],
                    "destination_list": constraint["list2"],
                    "destination_field": constraint["field2"],
                    "field_value": constraint["value"],
                }
                for constraint in relation["constraints"] or ()
            ],
        }
    )


@router.put(
    "/lists/{api_name}/relations/{scope}", operation_id="List_UpdateListRelation", response_model=response_models.Result
)
async def update_relation(
    request: Request,
    api_name: str,
    scope: str,
    query: NoQuery,
    model: request_models.RelationUpdate,
) -> Response:
    """Change a relation."""
    relations.update_relation(emulator_of(request).store, list_from_path(request), scope, model.model_dump())
    return success_response("The relation was updated")


@router.delete(
    "/lists/{api_name}/relations/{scope}", operation_id="List_DeleteRelation", response_model=response_models.Result
)
async def delete_relation(request: Request, api_name: str, scope: str, query: NoQuery) -> Response:
    """Delete a relation."""
    relations.delete_relation(emulator_of(request).store, list_from_path(request), scope)
    return success_response("The relation was deleted")
