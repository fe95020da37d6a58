"""`/_emulator`: options, faults and the journal, for tests and demos. It is not a part of Selligent's API."""

import dataclasses
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from target_selligent.emulator.faults import FaultRule
from target_selligent.emulator.http.routes.common import emulator_of, json_response
from target_selligent.emulator.refusals import BadRequestRefusal, NotFoundRefusal
from target_selligent.emulator.tenant import ListEntry

router = APIRouter(prefix="/_emulator", include_in_schema=False)

# In the models below, `list` is the name of a field.
Names = list[str]


class ListReference(BaseModel):
    """A List. Without an organization, it is one of the first organization."""

    model_config = ConfigDict(extra="forbid")

    list: str
    organization: str | None = None


class SegmentDefinition(ListReference):
    """A Segment of any type. The API itself creates static ones only."""

    api_name: str
    name: str | None = None
    type: Literal["Dynamic", "Static", "External"] = "Dynamic"
    description: str | None = None


class BusyList(ListReference):
    """A List that is busy for some bulk operations; without `calls`, until that is ended."""

    calls: int | None = Field(None, ge=1)


class UniqueIndex(ListReference):
    """Fields of a List that have a unique index."""

    fields: Names


def _organization_or_first(request: Request, organization: str | None) -> str:
    return organization or emulator_of(request).options.organizations[0]


def _referenced_list(request: Request, reference: ListReference) -> ListEntry:
    return emulator_of(request).store.get_list(_organization_or_first(request, reference.organization), reference.list)


@router.get("/options")
async def get_options(request: Request) -> Response:
    """Return the options, without the secret."""
    return json_response({**dataclasses.asdict(emulator_of(request).options), "api_secret": None})


@router.patch("/options")
async def change_options(request: Request, changes: Annotated[dict[str, Any], Body()]) -> Response:
    """Change some options; return all of them."""
    try:
        emulator_of(request).change_options(changes)
    except ValueError as error:
        raise BadRequestRefusal(str(error)) from None
    return await get_options(request)


@router.get("/faults")
async def get_faults(request: Request) -> Response:
    """Return the rules in force, with the counts `seen` and `fired`."""
    return json_response([fault.as_dict() for fault in emulator_of(request).faults.all()])


@router.post("/faults", status_code=201)
async def add_faults(request: Request, rules: FaultRule | list[FaultRule]) -> Response:
    """Add one rule or a list of them after those in force; return them with their ids."""
    faults = emulator_of(request).faults
    added = [faults.add(rule) for rule in (rules if isinstance(rules, list) else [rules])]
    return json_response([fault.as_dict() for fault in added], 201)


@router.delete("/faults")
async def clear_faults(request: Request) -> Response:
    """Drop all rules, and end the hangs and delays that go on."""
    emulator_of(request).clear_faults()
    return Response(status_code=204)


@router.delete("/faults/{number}")
async def drop_fault(request: Request, number: int) -> Response:
    """Drop one rule."""
    if not emulator_of(request).faults.remove(number):
        raise NotFoundRefusal("No such rule")
    return Response(status_code=204)


@router.get("/requests")
async def get_requests(request: Request, since: int = 0) -> Response:
    """Return the requests whose number is above `since`."""
    return json_response(emulator_of(request).journal.requests(since))


@router.get("/writes")
async def get_writes(request: Request, since: int = 0, *, values: Annotated[bool, Query()] = False) -> Response:
    """Return the committed writes whose number is above `since`."""
    return json_response(emulator_of(request).journal.writes(since, values=values))


@router.get("/counters")
async def get_counters(request: Request) -> Response:
    """Return the counters."""
    return json_response(dataclasses.asdict(emulator_of(request).journal.counters))


@router.post("/reset", status_code=204)
async def reset(request: Request) -> Response:
    """Drop all data, logs, fault rules and busy marks. The options stay."""
    emulator_of(request).reset()
    return Response(status_code=204)


@router.post("/segments", status_code=201)
async def create_segment(request: Request, definition: SegmentDefinition) -> Response:
    """Create a Segment of any type."""
    stored = {
        "api_name": definition.api_name,
        "name": definition.name or definition.api_name,
        "description": definition.description,
    }
    emulator_of(request).store.create_segment(_referenced_list(request, definition), stored, definition.type)
    return json_response({**stored, "type": definition.type}, 201)


@router.post("/busy", status_code=204)
async def mark_list_busy(request: Request, busy: BusyList) -> Response:
    """Refuse bulk operations on a List, as if another system were working on it."""
    emulator_of(request).mark_busy(_organization_or_first(request, busy.organization), busy.list, busy.calls)
    return Response(status_code=204)


@router.delete("/busy")
async def clear_list_busy(request: Request, list: str, organization: str | None = None) -> Response:  # noqa: A002
    """End what `POST /_emulator/busy` began."""
    emulator_of(request).clear_busy(_organization_or_first(request, organization), list)
    return Response(status_code=204)


@router.post("/indexes", status_code=204)
async def add_index(request: Request, index: UniqueIndex) -> Response:
    """Give a List a unique index on some fields."""
    emulator_of(request).add_index(_referenced_list(request, index), index.fields)
    return Response(status_code=204)
