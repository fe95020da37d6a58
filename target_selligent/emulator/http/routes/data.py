"""Records of Lists: the calls that save, load, delete and search them."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response

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
from target_selligent.emulator.journal import Write
from target_selligent.emulator.refusals import BadRequestRefusal, BodyTooLargeRefusal, ValidationRefusal
from target_selligent.emulator.tenant import (
    BulkCall,
    BulkOutcome,
    Filter,
    ListEntry,
    Search,
    SegmentEntry,
    find_records,
    parse_text,
    stored_names,
)

router = APIRouter(route_class=FormRoute)

Scalar = str | int | float | bool | None


def build_bulk_call(request: Request, query: request_models.DeleteDataQuery, body: Any) -> BulkCall:  # noqa: ANN401 - JSON
    """Return the bulk call of a request, and note how many rows it has.

    Raises:
        BodyTooLargeRefusal: It has more rows than the option `max_rows` allows.
    """
    options, context = emulator_of(request).options, context_of(request)
    if isinstance(body, list):
        context.rows = max(0, len(body) - (query.fields is None))
        if options.max_rows is not None and context.rows > options.max_rows:
            raise BodyTooLargeRefusal(f"The body has {context.rows} rows: more than {options.max_rows}")
    return BulkCall(
        query.keyFields,
        query.fields,
        body,
        first_match=isinstance(query, request_models.LoadSegmentQuery) and query.deduplication == "ImportFirstMatch",
        stop_on_error=query.errorHandling == "StopOnError",
        refusals=context.refusals,
        index_base=options.record_index_base,
        invalid_rows=options.invalid_rows,
        fold_case=options.case_insensitive_keys,
    )


def delete_result(outcome: BulkOutcome) -> dict[str, Any]:
    """Return the body of the response to a bulk delete."""
    return {
        "errors": None,
        "result_code": outcome.result_code(),
        "number_of_deleted_records": outcome.deleted,
        "number_of_duplicate_records": outcome.duplicates,
        "number_of_failed_records": outcome.rows.failed,
        "number_of_records_not_found": outcome.not_found,
        "invalid_records": outcome.rows.invalid,
    }


def load_result(outcome: BulkOutcome) -> dict[str, Any]:
    """Return the body of the response to a bulk load."""
    return {
        **delete_result(outcome),
        "number_of_inserted_records": outcome.inserted,
        "number_of_updated_records": outcome.updated,
    }


def search_response(
    request: Request, entry: ListEntry, model: request_models.SearchRequest, segment: SegmentEntry | None = None
) -> Response:
    """Search, and return the response."""
    store = emulator_of(request).store
    filters = [Filter(one.field_name, one.operator, one.field_value) for one in model.filters or ()]
    descending = model.order_by_direction == "DESC"
    search = Search(model.fields, filters, model.skip or 0, model.take, model.order_by, descending)
    return json_response(
        {
            "fields": stored_names(store, entry, model.fields),
            "data": find_records(store, entry, search, segment),
            "result_code": "Succeeded",
            "errors": [],
        }
    )


@router.post("/lists/{api_name}/data", operation_id="Data_SaveListData", response_model=response_models.Result)
async def save_record(
    request: Request,
    api_name: str,
    query: Annotated[request_models.SaveQuery, Query()],
    values: Annotated[dict[str, Scalar], Body()],
) -> Response:
    """Insert or update one record."""
    emulator = emulator_of(request)
    entry = list_from_path(request, data=True)
    fields = {field.name.casefold(): field for field in emulator.store.fields(entry)}
    row: dict[str, Scalar] = {}
    for name, value in values.items():
        scope, dot, bare = name.rpartition(".")
        field = fields.get(bare.casefold())
        if field is None or (dot and scope.casefold() != "master") or field.name in row:
            raise ValidationRefusal(f"Field {name} does not exist or is named twice")
        try:
            # Unlike bulk calls, this call also accepts each value as text.
            row[field.name] = parse_text(field, value) if isinstance(value, str) else value
        except ValueError:
            raise ValidationRefusal(f"Field {field.name} needs a {field.data_type}") from None
    if not row:
        raise ValidationRefusal("No values are given")
    call = BulkCall(
        query.keyfields, ",".join(row), [list(row.values())], fold_case=emulator.options.case_insensitive_keys
    )
    outcome = emulator.records.load(entry, call, "InsertAndUpdate")
    if outcome.rows.invalid:
        raise ValidationRefusal(outcome.rows.invalid[0]["message"])
    if outcome.not_found:
        raise ValidationRefusal("No record has this number")
    emulator.log_bulk_operation("save_record", entry, None, outcome)
    return success_response(f"Record {'inserted' if outcome.inserted else 'updated'} in list {entry.api_name}")


@router.delete(
    "/lists/{api_name}/data",
    operation_id="Data_DeleteData",
    response_model=response_models.DeleteAnswer,
    openapi_extra=BULK_BODY,
)
async def delete_data(
    request: Request, api_name: str, query: Annotated[request_models.DeleteDataQuery, Query()]
) -> Response:
    """Delete records by key."""
    emulator, body = emulator_of(request), await read_json(request)
    entry = list_from_path(request, data=True)
    call = build_bulk_call(request, query, body)
    async with emulator.bulk_operation(entry, context_of(request)):
        outcome = emulator.records.delete(entry, call)
        emulator.log_bulk_operation("list_delete", entry, None, outcome)
    return json_response(delete_result(outcome))


@router.post(
    "/lists/{api_name}/data/load",
    operation_id="Data_LoadData",
    response_model=response_models.LoadAnswer,
    openapi_extra=BULK_BODY,
)
async def load_data(request: Request, api_name: str, query: Annotated[request_models.LoadQuery, Query()]) -> Response:
    """Insert and update records by key."""
    emulator, body = emulator_of(request), await read_json(request)
    entry = list_from_path(request, data=True)
    call = build_bulk_call(request, query, body)
    emulator.check_index(entry, query.keyFields, context_of(request).rows or 0)
    segment = _new_segment(query)
    async with emulator.bulk_operation(entry, context_of(request), len(call.body)):
        outcome = emulator.records.load(entry, call, query.data_import_option, segment)
        if segment is not None:
            created = emulator.store.get_segment(entry, segment["api_name"])
            write = Write("create_segment", entry.organization, entry.api_name, created.api_name)
            emulator.journal.add_write(write)
        emulator.log_bulk_operation("list_load", entry, None, outcome)
    return json_response(load_result(outcome))


def _new_segment(query: request_models.LoadQuery) -> dict[str, Any] | None:
    api_name, name = query.create_segment_api_name, query.create_segment_name
    if api_name is None:
        if name is not None:
            raise BadRequestRefusal("create_segment_name needs create_segment_api_name")
        return None
    return {"api_name": api_name, "name": name or api_name}


@router.post(
    "/lists/{api_name}/data/search", operation_id="Data_SearchData", response_model=response_models.SearchAnswer
)
async def search_data(
    request: Request,
    api_name: str,
    query: Annotated[request_models.ModeQuery, Query()],
    model: request_models.SearchRequest,
) -> Response:
    """Return the records that a search finds."""
    return search_response(request, list_from_path(request, data=True), model)
