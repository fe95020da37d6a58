"""The pages for a person: `GET /` shows what the emulator holds and does, `GET /docs` the API.

The first is static files; its script reads `/_emulator`. Nothing comes from another server.
"""

from importlib import resources
from string import Template
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from target_selligent.emulator.http.page.docs import render_docs

router = APIRouter(include_in_schema=False)

_TYPES = {"css": "text/css", "html": "text/html", "js": "text/javascript"}
_OWN_FILES_ONLY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_NO_SCRIPT = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/")
async def show_page() -> Response:
    """Return the page with Lists, records, Segments, calls, faults and switches."""
    return _respond(_read("static/index.html"), "html", _OWN_FILES_ONLY)


@router.get("/page/{name}")
async def get_file(name: str) -> Response:
    """Return a script or the style of the page."""
    kind = name.rpartition(".")[2]
    files = {file.name for file in resources.files(__package__).joinpath("static").iterdir()}
    if name not in files or kind not in _TYPES:
        raise HTTPException(404, "The page has no such file")
    return _respond(_read(f"static/{name}"), kind, _OWN_FILES_ONLY)


@router.get("/docs")
async def show_docs(request: Request) -> Response:
    """Return a page with the API's description."""
    description: dict[str, Any] = request.app.openapi()
    page = Template(_read("docs.html")).substitute(style=_read("static/page.css"), content=render_docs(description))
    return _respond(page, "html", _NO_SCRIPT)


def _read(path: str) -> str:
    return resources.files(__package__).joinpath(path).read_text(encoding="utf-8")


def _respond(text: str, kind: str, policy: str) -> Response:
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return Response(text, media_type=f"{_TYPES[kind]}; charset=utf-8", headers=headers)
