"""The pages for a person: `GET /` shows the data, `GET /docs` the API."""

from html import escape
from importlib import resources
from string import Template
from typing import Any

from fastapi import APIRouter, Request, Response

from target_selligent.emulator.emulator import Emulator
from target_selligent.emulator.http.page.docs import render_docs
from target_selligent.emulator.http.page.tables import row, table
from target_selligent.emulator.http.routes.common import emulator_of
from target_selligent.emulator.tenant import Field, ListEntry, OverviewQuery, Search, find_records

router = APIRouter(include_in_schema=False)

_SEGMENTS = 100
_MEMBERS = 5


@router.get("/")
async def show_overview(request: Request) -> Response:
    """Return a page with Lists, fields, counts, Segments and members."""
    return Response(render_overview(emulator_of(request)), media_type="text/html; charset=utf-8")


@router.get("/docs")
async def show_docs(request: Request) -> Response:
    """Return a page with the API's description."""
    description: dict[str, Any] = request.app.openapi()
    return Response(_render_page(render_docs(description)), media_type="text/html; charset=utf-8")


def render_overview(emulator: Emulator) -> str:
    """Return the overview of Lists and Segments as HTML."""
    parts = ['<p><a href="/docs">The API of this emulator</a></p>']
    for organization in emulator.options.organizations:
        parts.append(f"<h2>{escape(organization)}</h2>")
        sections = [_render_list(emulator, entry) for entry in emulator.store.lists(organization)]
        parts += sections or ["<p>No lists yet.</p>"]
    return _render_page("\n".join(parts))


def _render_page(content: str) -> str:
    template = Template(resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(content=content)


def _render_list(emulator: Emulator, entry: ListEntry) -> str:
    fields = "".join(
        _escaped_row([field.name, _render_type(field), field.content]) for field in emulator.store.fields(entry)
    )
    names = [field.name for field in emulator.store.fields(entry)]
    segments = "".join(
        _escaped_row(
            [
                segment.api_name,
                segment.type,
                f"{emulator.store.count_members(segment):,}",
                ", ".join(
                    str(row[0])
                    for row in find_records(emulator.store, entry, Search(names[:1], take=_MEMBERS), segment)
                ),
            ]
        )
        for segment in emulator.store.segments(entry, OverviewQuery(take=_SEGMENTS))
    )
    count = f"{emulator.store.count_records(entry):,} records"
    return (
        f"<section><h3>{escape(entry.api_name)} <small>{escape(entry.type)}, {count}</small></h3>"
        f"<details><summary>{len(names)} fields</summary>{table(['Field', 'Type', 'Content'], fields)}</details>"
        f"{table(['Segment', 'Type', 'Members', 'First IDs'], segments) if segments else '<p>No segments.</p>'}"
        "</section>"
    )


def _render_type(field: Field) -> str:
    return f"{field.data_type}({field.length})" if field.length else field.data_type


def _escaped_row(cells: list[str]) -> str:
    return row([escape(cell) for cell in cells])
