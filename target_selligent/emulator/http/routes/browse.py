"""`/_emulator`, continued: what the page shows, a part at a time, and a stream that says what has changed."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from target_selligent.emulator import jsontext
from target_selligent.emulator.emulator import Emulator
from target_selligent.emulator.http.routes.common import emulator_of, json_response
from target_selligent.emulator.refusals import NotFoundRefusal
from target_selligent.emulator.tenant import (
    ListEntry,
    OverviewQuery,
    RecordPage,
    SegmentEntry,
    as_text,
    first_members,
    key_fields,
    read_page,
)

router = APIRouter(prefix="/_emulator", include_in_schema=False)

Take = Annotated[int, Query(ge=1, le=500)]

_CALLS = 100
_SECONDS = 0.25
_QUIET_TURNS = 60
_SHOWN_MEMBERS = 3
_SHOWN_LETTERS = 2000


@router.get("/lists")
async def get_lists(request: Request) -> Response:
    """Return the Lists of all organizations, with how many fields, records and Segments each has."""
    emulator = emulator_of(request)
    store = emulator.store
    return json_response(
        [
            {
                "organization": entry.organization,
                "api_name": entry.api_name,
                "name": entry.name,
                "type": entry.type,
                "fields": len(store.fields(entry)),
                "records": store.count_records(entry),
                "segments": store.count_segments(entry),
            }
            for organization in emulator.options.organizations
            for entry in store.lists(organization)
        ]
    )


@router.get("/fields")
async def get_fields(request: Request, list: str, organization: str | None = None) -> Response:  # noqa: A002
    """Return the fields of a List."""
    entry = _find_list(request, list, organization)
    return json_response([field.as_dict() for field in emulator_of(request).store.fields(entry)])


@router.get("/segments")
async def get_segments(  # noqa: PLR0913 - parts of a query
    request: Request,
    list: str,  # noqa: A002
    organization: str | None = None,
    search: str | None = None,
    skip: Annotated[int, Query(ge=0)] = 0,
    take: Take = 50,
) -> Response:
    """Return Segments of a List, with how many members each has and the keys of the first ones."""
    store, entry = emulator_of(request).store, _find_list(request, list, organization)
    found = store.segments(entry, OverviewQuery(search=search, skip=skip, take=take))
    segments = [
        {
            "api_name": segment.api_name,
            "name": segment.name,
            "type": segment.type,
            "members": store.count_members(segment),
            "first": first_members(store, entry, segment, _SHOWN_MEMBERS),
        }
        for segment in found
    ]
    return json_response({"keys": key_fields(store, entry), "segments": segments})


@router.get("/records")
async def get_records(  # noqa: PLR0913 - parts of a query
    request: Request,
    list: str,  # noqa: A002
    organization: str | None = None,
    segment: str | None = None,
    search: str = "",
    after: Annotated[int, Query(ge=0)] = 0,
    take: Take = 50,
    *,
    exact: bool = False,
) -> Response:
    """Return records of a List or members of a Segment: values as text, long ones cut; with `exact`, as they are."""
    store, entry = emulator_of(request).store, _find_list(request, list, organization)
    members_of = _find_segment(request, entry, segment)
    names = [field.name for field in store.fields(entry)]
    page = RecordPage()
    for filled in read_page(store, entry, members_of, search, after, take):
        page = filled
        # A search may have to read a whole List: calls of the API get in between.
        await asyncio.sleep(0)
    return json_response(
        {
            "count": _count(request, entry, members_of),
            "fields": names,
            "keys": key_fields(store, entry),
            "rows": page.rows if exact else [[_cut(as_text(value)) for value in row] for row in page.rows],
            "next": page.next,
        }
    )


@router.get("/events")
async def stream_events(request: Request) -> Response:
    """Return a stream of server-sent events: the last calls, counters, faults, options, and that data has changed."""
    events = _follow(emulator_of(request))
    return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _follow(emulator: Emulator) -> AsyncIterator[bytes]:
    """Yield an event when something has changed since the last one.

    It looks for changes a few times a second, so that calls do nothing for it, and nothing waits for a slow listener.
    """
    sent: dict[str, Any] = {}
    seen = generation = turns = 0
    while not emulator.is_stopped:
        state = _describe(emulator)
        event = {name: value for name, value in state.items() if name not in sent or sent[name] != value}
        if emulator.journal.generation != generation:
            generation, seen, event["calls_dropped"] = emulator.journal.generation, 0, True
        calls = emulator.journal.latest_requests(seen, _CALLS)
        if calls:
            seen = calls[-1].seq
            event["calls"] = [_describe_call(vars(entry)) for entry in calls]
        sent, turns = state, turns + 1
        if event:
            yield b"data: " + jsontext.encode(event) + b"\n\n"
            turns = 0
        elif turns > _QUIET_TURNS:
            # A connection that is dead is only noticed when something is sent.
            yield b":\n\n"
            turns = 0
        await emulator.pause(_SECONDS)


def _describe(emulator: Emulator) -> dict[str, Any]:
    options = {**dataclasses.asdict(emulator.options), "api_secret": None, "faults": None}
    return {
        "counters": dataclasses.asdict(emulator.journal.counters),
        "faults": [fault.as_dict() for fault in emulator.faults.all()],
        "options": options,
        "data": emulator.store.connection.total_changes,
    }


def _describe_call(entry: dict[str, Any]) -> dict[str, Any]:
    names = ("seq", "time", "method", "path", "status", "rows", "duration_ms", "outcome")
    return {name: entry[name] for name in names}


def _find_list(request: Request, api_name: str, organization: str | None) -> ListEntry:
    emulator = emulator_of(request)
    entry = emulator.store.find_list(organization or emulator.options.organizations[0], api_name)
    if entry is None:
        # The option `missing_status` is for the API's own calls.
        raise NotFoundRefusal("The list does not exist")
    return entry


def _find_segment(request: Request, entry: ListEntry, api_name: str | None) -> SegmentEntry | None:
    segment = None if api_name is None else emulator_of(request).store.find_segment(entry, api_name)
    if segment is None and api_name is not None:
        raise NotFoundRefusal("The segment does not exist")
    return segment


def _count(request: Request, entry: ListEntry, segment: SegmentEntry | None) -> int:
    store = emulator_of(request).store
    return store.count_records(entry) if segment is None else store.count_members(segment)


def _cut(value: str | None) -> str | None:
    return value if value is None or len(value) <= _SHOWN_LETTERS else f"{value[:_SHOWN_LETTERS]}…"
