"""Segments and their members."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from target_selligent.emulator.http import request_models, response_models
from target_selligent.emulator.http.forms import FormRoute
from target_selligent.emulator.http.routes.common import (
    BULK_BODY,
    context_of,
    emulator_of,
    json_response,
    list_from_path,
    read_json,
    success_response,
)
from target_selligent.emulator.http.routes.data import build_bulk_call, delete_result, load_result, search_response
from target_selligent.emulator.journal import Write
from target_selligent.emulator.tenant import ListEntry, OverviewQuery, SegmentEntry

router = APIRouter(route_class=FormRoute)

NoQuery = Annotated[request_models.Query, Query()]

_SEGMENT = "/lists/{api_name}/segments/{segment_api_name}"


def _segment_from_path(request: Request, entry: ListEntry, *, data: bool = False) -> SegmentEntry:
    emulator = emulator_of(request)
    segment = emulator.store.get_segment(entry, request.path_params["segment_api_name"])
    if data:
        emulator.check_visible(segment)
    return segment


def _log_write(request: Request, operation: str, entry: ListEntry, segment: SegmentEntry) -> None:
    write = Write(operation, entry.organization, entry.api_name, segment.api_name)
    emulator_of(request).journal.add_write(write)


@router.get(
    "/lists/{api_name}/segments", operation_id="List_GetListSegments", response_model=response_models.SegmentsAnswer
)
async def get_segments(
    request: Request, api_name: str, query: Annotated[request_models.SegmentPageQuery, Query()]
) -> Response:
    """Return an overview of a List's Segments."""
    overview_query = OverviewQuery(query.filter, query.search, query.skip, query.take)
    found = emulator_of(request).store.segments(list_from_path(request), overview_query)
    overview = [{"segment_type": segment.type, "api_name": segment.api_name} for segment in found]
    return json_response({"segments": overview, "segment_count": len(overview)})


@router.post(
    "/lists/{api_name}/segments/static", operation_id="List_CreateStaticSegment", response_model=response_models.Result
)
async def create_segment(
    request: Request, api_name: str, query: NoQuery, model: request_models.SegmentCreation
) -> Response:
    """Create a static Segment."""
    emulator = emulator_of(request)
    entry = list_from_path(request)
    segment = emulator.store.create_segment(entry, model.model_dump())
    emulator.hide_new(segment)
    _log_write(request, "create_segment", entry, segment)
    return success_response("The segment was created")


@router.get(_SEGMENT, operation_id="List_GetListSegment", response_model=response_models.SegmentAnswer)
async def get_segment(request: Request, api_name: str, segment_api_name: str, query: NoQuery) -> Response:
    """Return a Segment's details."""
    segment = _segment_from_path(request, list_from_path(request))
    return json_response(
        {
            "type": segment.type,
            "api_name": segment.api_name,
            "name": segment.name,
            "description": segment.details.get("description"),
        }
    )


@router.delete(_SEGMENT, operation_id="List_DeleteSegment", response_model=response_models.Result)
async def delete_segment(request: Request, api_name: str, segment_api_name: str, query: NoQuery) -> Response:
    """Delete a Segment; its members stay in the List."""
    entry = list_from_path(request)
    segment = _segment_from_path(request, entry)
    emulator_of(request).store.delete_segment(segment)
    _log_write(request, "delete_segment", entry, segment)
    return success_response("The segment was deleted")


@router.delete(
    f"{_SEGMENT}/data",
    operation_id="Data_DeleteSegmentData",
    response_model=response_models.DeleteAnswer,
    openapi_extra=BULK_BODY,
)
async def delete_members(
    request: Request,
    api_name: str,
    segment_api_name: str,
    query: Annotated[request_models.DeleteDataQuery, Query()],
) -> Response:
    """Take records out of a Segment by key."""
    emulator, body = emulator_of(request), await read_json(request)
    entry = list_from_path(request, data=True)
    segment = _segment_from_path(request, entry, data=True)
    call = build_bulk_call(request, query, body)
    async with emulator.bulk_operation(entry, context_of(request)):
        outcome = emulator.records.delete_members(entry, segment, call)
        emulator.log_bulk_operation("segment_delete", entry, segment, outcome)
    return json_response(delete_result(outcome))


@router.delete(
    f"{_SEGMENT}/data/clear", operation_id="Data_ClearStaticSegmentData", response_model=response_models.Result
)
async def clear_segment(request: Request, api_name: str, segment_api_name: str, query: NoQuery) -> Response:
    """Take every member out of a Segment."""
    entry = list_from_path(request, data=True)
    segment = _segment_from_path(request, entry, data=True)
    emulator_of(request).store.clear_segment(segment)
    _log_write(request, "segment_clear", entry, segment)
    return success_response("The segment was cleared")


@router.post(
    f"{_SEGMENT}/data/load",
    operation_id="Data_LoadSegmentData",
    response_model=response_models.LoadAnswer,
    openapi_extra=BULK_BODY,
)
async def load_members(
    request: Request,
    api_name: str,
    segment_api_name: str,
    query: Annotated[request_models.LoadSegmentQuery, Query()],
) -> Response:
    """Make existing records members of a Segment by key."""
    emulator, body = emulator_of(request), await read_json(request)
    entry = list_from_path(request, data=True)
    segment = _segment_from_path(request, entry, data=True)
    call = build_bulk_call(request, query, body)
    async with emulator.bulk_operation(entry, context_of(request)):
        if emulator.options.segment_load_inserts:
            emulator.records.load(entry, call, "OnlyInsert")
        outcome = emulator.records.load_segment(entry, segment, call)
        emulator.log_bulk_operation("segment_load", entry, segment, outcome)
    return json_response(load_result(outcome))


@router.post(
    f"{_SEGMENT}/data/search", operation_id="Data_SearchSegmentData", response_model=response_models.SearchAnswer
)
async def search_members(
    request: Request,
    api_name: str,
    segment_api_name: str,
    query: Annotated[request_models.ModeQuery, Query()],
    model: request_models.SearchRequest,
) -> Response:
    """Return the members that a search finds."""
    entry = list_from_path(request, data=True)
    return search_response(request, entry, model, _segment_from_path(request, entry, data=True))
