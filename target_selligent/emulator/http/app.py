"""The application: the routes of the API, of `/_emulator` and of the pages, and how it answers refusals."""

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
from target_selligent.emulator.http.routes import admin, browse, data, lists, relations, segments
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
    """FastAPI with a description that fits this API: status 400 where FastAPI itself would answer 422."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI description."""
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
    """Return the application of an emulator, without the middleware.

    Raises:
        ValueError: The option `denied` names an endpoint that does not exist.
    """
    app = SelligentApp(
        title="Selligent REST API, emulated", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.emulator = emulator
    modules = (lists, data, relations, segments)
    for module in modules:
        app.include_router(
            module.router,
            prefix=f"{PREFIX}/organizations/{{organization}}",
            dependencies=[Depends(check_access)],
            responses=REFUSALS,
        )
    emulator.operation_ids = {
        route.operation_id for module in modules for route in module.router.routes if isinstance(route, APIRoute)
    }
    emulator.check_denied(emulator.options.denied)
    app.include_router(admin.router)
    app.include_router(browse.router)
    app.include_router(page.router)
    app.add_exception_handler(ApiRefusal, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(UnicodeEncodeError, _refuse_text)
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiRefusal):
        raise error
    context = request.scope.get(CALL_CONTEXT)
    if context is not None:
        if isinstance(error, ListBusyRefusal):
            context.outcome = "busy"
        elif isinstance(error, UnauthorizedRefusal):
            context.outcome = "unauthorized"
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
