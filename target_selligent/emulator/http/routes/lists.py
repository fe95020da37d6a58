"""Organizations, Lists and fields."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from target_selligent.emulator.http import request_models, response_models
from target_selligent.emulator.http.forms import FormRoute
from target_selligent.emulator.http.routes.common import emulator_of, json_response, list_from_path, success_response
from target_selligent.emulator.journal import Write
from target_selligent.emulator.tenant import ListEntry, OverviewQuery

router = APIRouter(route_class=FormRoute)

NoQuery = Annotated[request_models.Query, Query()]


@router.get("", operation_id="Organization_Get", response_model=response_models.OrganizationAnswer)
async def get_organization(request: Request, query: NoQuery) -> Response:
    """Return the organization."""
    name = request.path_params["organization"]
    audiences = emulator_of(request).store.lists(name, OverviewQuery("Userlist"))
    return json_response(
        {
            "name": name,
            "image_reference": None,
            "image_type": None,
            "languages": [{"name": "English", "code": "EN", "locale": "en"}],
            "audiences": [{"api_name": entry.api_name} for entry in audiences],
            "campaign_data_sources": [],
            "default_languages": ["English"],
            "default_maildomain": None,
            "sms_endpoint": None,
            "mobile_push_endpoint": None,
            "facebook_endpoint": None,
            "google_customer_match_endpoint": None,
            "trackers": [],
            "connector_instances": [],
            "mediums": [],
            "taglists": [],
        }
    )


@router.get("/lists", operation_id="List_GetLists", response_model=response_models.ListsAnswer)
async def get_lists(request: Request, query: Annotated[request_models.ListPageQuery, Query()]) -> Response:
    """Return an overview of the Lists."""
    overview_query = OverviewQuery(query.filter, query.search, query.skip, query.take)
    entries = emulator_of(request).store.lists(request.path_params["organization"], overview_query)
    return json_response(
        {
            "lists": [
                {"id": entry.id, "type": entry.type, "api_name": entry.api_name, "name": entry.name}
                for entry in entries
            ]
        }
    )


@router.post("/lists", operation_id="List_CreateList", response_model=response_models.Result)
async def create_list(request: Request, query: NoQuery, model: request_models.ListCreation) -> Response:
    """Create a List with its type's default fields."""
    emulator = emulator_of(request)
    entry = emulator.store.create_list(request.path_params["organization"], model.model_dump())
    emulator.hide_new(entry)
    emulator.journal.add_write(Write("create_list", entry.organization, entry.api_name))
    return success_response("The list was created")


@router.get("/lists/{api_name}", operation_id="List_GetList", response_model=response_models.ListAnswer)
async def get_list(request: Request, api_name: str, query: NoQuery) -> Response:
    """Return a List's details."""
    entry = list_from_path(request)
    details = entry.details
    return json_response(
        {
            "api_name": entry.api_name,
            "name": entry.name,
            "type": entry.type,
            "description": details.get("description"),
            "tags": details.get("tags") or [],
            "email_quality_configuration": _email_quality(details.get("email_quality_configuration")),
            "enforce_segment_selection": bool(details.get("enforce_segment_selection")),
            "taglist_api_name": details.get("taglist_api_name") or None,
            "organizations": [entry.organization],
            "not_accessible_organizations_count": 0,
        }
    )


def _email_quality(stored: dict[str, Any] | None) -> dict[str, Any] | None:
    if stored is None:
        return None
    return {
        "email_quality_type": stored["type"],
        "invalid_email_syntax": 0,
        "non_existing_domain": 0,
        "hard_bounce": 0,
        "soft_bounce": 0,
        "bounce_scope": stored["bounce_scope"],
        "email_quality_actions": [
            {"field_name": action["name"], "field_value": action["value"]} for action in stored["actions"] or ()
        ],
        "bounce_stored_procedures": stored["bounce_stored_procedures"] or [],
    }


@router.put("/lists/{api_name}", operation_id="List_UpdateList", response_model=response_models.Result)
async def update_list(request: Request, api_name: str, query: NoQuery, model: request_models.ListUpdate) -> Response:
    """Change a List's details."""
    entry = list_from_path(request)
    emulator_of(request).store.update_list(entry, model.model_dump())
    _log_write(request, "update_list", entry)
    return success_response("The list was updated")


@router.delete("/lists/{api_name}", operation_id="List_Delete", response_model=response_models.Result)
async def delete_list(
    request: Request, api_name: str, query: Annotated[request_models.DeleteListQuery, Query()]
) -> Response:
    """Delete a List with everything in it."""
    entry = list_from_path(request)
    emulator_of(request).store.delete_list(entry)
    _log_write(request, "delete_list", entry)
    return success_response("The list was deleted")


@router.get("/lists/{api_name}/fields", operation_id="List_GetListFields", response_model=response_models.FieldsAnswer)
async def get_fields(request: Request, api_name: str, query: NoQuery) -> Response:
    """Return a List's fields."""
    entry = list_from_path(request)
    return json_response({"fields": [field.as_dict() for field in emulator_of(request).store.fields(entry)]})


@router.post(
    "/lists/{api_name}/fields",
    operation_id="List_CreateListFields",
    status_code=201,
    response_model=response_models.Result,
)
async def create_fields(
    request: Request, api_name: str, query: NoQuery, model: request_models.FieldsCreation
) -> Response:
    """Add fields at the end of a List."""
    emulator = emulator_of(request)
    entry = list_from_path(request)
    fields = emulator.store.create_fields(entry, [item.model_dump() for item in model.fields])
    names = [field.name for field in fields]
    emulator.journal.add_write(Write("create_fields", entry.organization, entry.api_name, fields=names))
    return success_response("The fields were created", 201)


@router.get(
    "/lists/{api_name}/records", operation_id="List_GetListRecordsCount", response_model=response_models.CountAnswer
)
async def count_records(request: Request, api_name: str, query: NoQuery) -> Response:
    """Return how many records a List has."""
    entry = list_from_path(request)
    return json_response({"count": emulator_of(request).store.count_records(entry)})


def _log_write(request: Request, operation: str, entry: ListEntry) -> None:
    emulator_of(request).journal.add_write(Write(operation, entry.organization, entry.api_name))
