"""What all routes share: the check of access, the List of a path, bodies, responses, and the declared refusals."""

from typing import Any

from fastapi import Request, Response

from target_selligent.emulator import jsontext
from target_selligent.emulator.emulator import CallContext, Emulator
from target_selligent.emulator.http import response_models
from target_selligent.emulator.http.middleware import CALL_CONTEXT
from target_selligent.emulator.refusals import JSON_TYPE, BadRequestRefusal, ForbiddenRefusal
from target_selligent.emulator.tenant import ListEntry

_TEXT_RESPONSE = {"text/plain": {"schema": {"type": "string"}}}

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": response_models.Result, "description": "The call cannot be taken"},
    401: {"model": response_models.Result, "description": "No key, a wrong key, or an endpoint that was not granted"},
    403: {"model": response_models.Result, "description": "An organization that the key does not reach"},
    404: {"model": response_models.Result, "description": "A list, segment or relation is not there"},
    413: {"model": response_models.Result, "description": "The body is above the limit"},
    415: {"model": response_models.Result, "description": "The body is not declared as JSON"},
    429: {"content": _TEXT_RESPONSE, "description": "The quota is used up, or the list is busy"},
}

BULK_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "items": {
                        "type": "array",
                        "items": {"anyOf": [{"type": kind} for kind in ("string", "number", "boolean", "null")]},
                    },
                }
            }
        },
    }
}


def emulator_of(request: Request) -> Emulator:
    """Return the emulator that serves a request."""
    emulator: Emulator = request.app.state.emulator
    return emulator


def context_of(request: Request) -> CallContext:
    """Return the context of a call, which the middleware set."""
    context: CallContext = request.scope[CALL_CONTEXT]
    return context


async def check_access(request: Request, organization: str) -> None:
    """Check that the key was granted the endpoint, and that the organization exists.

    Raises:
        UnauthorizedRefusal: The key was not granted the endpoint.
        ForbiddenRefusal: The organization does not exist.
    """
    emulator = emulator_of(request)
    emulator.check_granted(request.scope["route"].operation_id)
    if organization not in emulator.options.organizations:
        raise ForbiddenRefusal("The key does not reach this organization")


def list_from_path(request: Request, *, data: bool = False) -> ListEntry:
    """Return the List that the path of a request names.

    Args:
        request: The request.
        data: Whether it is a call on data, from which a new List may still be hidden.

    Raises:
        NotFoundRefusal: There is no such List, or it is still hidden.
    """
    emulator = emulator_of(request)
    path = request.path_params
    entry = emulator.store.get_list(path["organization"], path["api_name"])
    if data:
        emulator.check_visible(entry)
    return entry


async def read_json(request: Request) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a JSON body. Pydantic does not check it, because that would be slow for bulk bodies.

    Raises:
        BadRequestRefusal: The body is not JSON.
    """
    try:
        return jsontext.decode(await request.body())
    except ValueError:
        raise BadRequestRefusal("The body is not JSON") from None


def json_response(value: Any, status: int = 200) -> Response:  # noqa: ANN401 - JSON
    """Return a response with a value as JSON."""
    return Response(jsontext.encode(value), status, media_type=JSON_TYPE)


def success_response(message: str, status: int = 200) -> Response:
    """Return the response of a call that succeeded and has no data to return."""
    return json_response({"result_code": "Succeeded", "message": message}, status)
