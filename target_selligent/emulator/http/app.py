"""The application: Selligent's routes, the admin routes and the page, with refusals in the API's own form."""

from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from target_selligent import __version__
from target_selligent.emulator import jsontext
from target_selligent.emulator.emulator import Emulator
from target_selligent.emulator.http import page
from target_selligent.emulator.http.forms import FORM
from target_selligent.emulator.http.middleware import CALL_CONTEXT, PREFIX, is_bulk
from target_selligent.emulator.http.routes import admin, data, lists, relations, segments
from target_selligent.emulator.http.routes.common import REFUSALS, check_access
from target_selligent.emulator.refusals import (
    JSON_TYPE,
    ApiRefusal,
    BadRequestRefusal,
    ListBusyRefusal,
    UnauthorizedRefusal,
    refusal_body,
)

_JSON = "application/json"


class SelligentApp(FastAPI):
    """FastAPI with a description that tells what this API answers: 400 where FastAPI's own would be 422."""

    def openapi(self) -> dict[str, Any]:
        """Return the description."""
        schema = super().openapi()
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                operation["responses"].pop("422", None)
                content = operation.get("requestBody", {}).get("content", {})
                if content and not is_bulk(method.upper(), path):
                    content |= dict.fromkeys(("text/json", FORM), content[_JSON])
        schema["components"]["securitySchemes"] = {
            name: {"type": "apiKey", "in": "header", "name": name, "description": description}
            for name, description in (
                ("X-ApiKey", "api_key:api_secret, or api_key alone beside X-ApiKey-Secret"),
                ("X-ApiKey-Secret", "api_secret"),
            )
        }
        schema["security"] = [{"X-ApiKey": []}, {"X-ApiKey": [], "X-ApiKey-Secret": []}]
        return schema


def create_app(emulator: Emulator) -> FastAPI:
    """Return the routes over a state; `gate.Gate` goes around them.

    Raises:
        ValueError: An option names an endpoint that is not there.
    """
    app = SelligentApp(
        title="Selligent REST API, emulated", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.emulator = emulator
    parts = (lists, data, relations, segments)
    for part in parts:
        app.include_router(
            part.router,
            prefix=f"{PREFIX}/organizations/{{organization}}",
            dependencies=[Depends(check_access)],
            responses=REFUSALS,
        )
    emulator.operation_ids = {
        route.operation_id for part in parts for route in part.router.routes if isinstance(route, APIRoute)
    }
    emulator.check_denied(emulator.options.denied)
    app.include_router(admin.router)
    app.include_router(page.router)
    app.add_exception_handler(ApiRefusal, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(UnicodeEncodeError, _refuse_text)
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiRefusal):
        raise error
    call = request.scope.get(CALL_CONTEXT)
    if call is not None:
        if isinstance(error, ListBusyRefusal):
            call.outcome = "busy"
        elif isinstance(error, UnauthorizedRefusal):
            call.outcome = "unauthorized"
    return Response(error.body(), error.http_status, media_type=error.content_type)


async def _refuse_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    problems = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
    return await _refuse(request, BadRequestRefusal("; ".join(problems)))


async def _refuse_http(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, HTTPException):
        raise error
    code = "NotFound" if error.status_code == 404 else "Failed"  # noqa: PLR2004 - the status
    body = jsontext.encode(refusal_body(code, "ERR", str(error.detail)))
    return Response(body, error.status_code, headers=dict(error.headers or {}), media_type=JSON_TYPE)


async def _refuse_text(request: Request, error: Exception) -> Response:
    del error
    return await _refuse(request, BadRequestRefusal("Text with a lone surrogate is not Unicode"))
