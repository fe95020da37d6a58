"""Relations between Lists."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from target_selligent.emulator import answers, relations, wire
from target_selligent.emulator.forms import FormRoute
from target_selligent.emulator.routes.common import answer, emulator_of, list_of, succeeded

router = APIRouter(route_class=FormRoute)

NoQuery = Annotated[wire.Query, Query()]


@router.get("/lists/{api_name}/relations", operation_id="List_GetRelations", response_model=answers.RelationsAnswer)
async def get_relations(request: Request, api_name: str, query: Annotated[wire.RelationQuery, Query()]) -> Response:  # noqa: ARG001
    """Return an overview of a List's relations."""
    entry = list_of(request)
    found = relations.relations(emulator_of(request).store, entry, query.filter)
    return answer(
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
    response_model=answers.Result,
)
async def create_relations(request: Request, api_name: str, query: NoQuery, model: wire.RelationsCreation) -> Response:  # noqa: ARG001
    """Add relations to a List."""
    definitions = [relation.model_dump() for relation in model.relations]
    relations.create_relations(emulator_of(request).store, list_of(request), definitions)
    # The one success that is described with errors.
    return answer({"errors": None, "result_code": "Succeeded", "message": "The relations were created"}, 201)


@router.get(
    "/lists/{api_name}/relations/{scope}", operation_id="List_GetRelationDetails", response_model=answers.RelationAnswer
)
async def get_relation(request: Request, api_name: str, scope: str, query: NoQuery) -> Response:  # noqa: ARG001
    """Return a relation's details."""
    entry = list_of(request)
    relation = relations.get_relation(emulator_of(request).store, entry, scope)
    return answer(
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
    "/lists/{api_name}/relations/{scope}", operation_id="List_UpdateListRelation", response_model=answers.Result
)
async def update_relation(
    request: Request,
    api_name: str,  # noqa: ARG001 - read from the path
    scope: str,
    query: NoQuery,  # noqa: ARG001 - refuses parameters
    model: wire.RelationUpdate,
) -> Response:
    """Change a relation."""
    relations.update_relation(emulator_of(request).store, list_of(request), scope, model.model_dump())
    return succeeded("The relation was updated")


@router.delete("/lists/{api_name}/relations/{scope}", operation_id="List_DeleteRelation", response_model=answers.Result)
async def delete_relation(request: Request, api_name: str, scope: str, query: NoQuery) -> Response:  # noqa: ARG001
    """Delete a relation."""
    relations.delete_relation(emulator_of(request).store, list_of(request), scope)
    return succeeded("The relation was deleted")
