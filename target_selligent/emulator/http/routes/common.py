"""What the routes share: answers as bytes, the guard before each call, and the refusals they declare."""

from typing import Any

from fastapi import Request, Response

from target_selligent.emulator import jsontext
from target_selligent.emulator.emulator import CallContext, Emulator
from target_selligent.emulator.http import response_models
from target_selligent.emulator.http.middleware import CALL_CONTEXT
from target_selligent.emulator.refusals import JSON_TYPE, BadRequestRefusal, ForbiddenRefusal
from target_selligent.emulator.tenant import ListEntry

_TEXT_ANSWER = {"text/plain": {"schema": {"type": "string"}}}

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": response_models.Result, "description": "The call cannot be taken"},
    401: {"model": response_models.Result, "description": "No key, a wrong key, or an endpoint that was not granted"},
    403: {"model": response_models.Result, "description": "An organization that the key does not reach"},
    404: {"model": response_models.Result, "description": "A list, segment or relation is not there"},
    413: {"model": response_models.Result, "description": "The body is above the limit"},
    415: {"model": response_models.Result, "description": "The body is not declared as JSON"},
    429: {"content": _TEXT_ANSWER, "description": "The quota is used up, or the list is busy"},
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
    """Return the state behind a request."""
    state: Emulator = request.app.state.emulator
    return state


def context_of(request: Request) -> CallContext:
    """Return what the layers know of a request."""
    call: CallContext = request.scope[CALL_CONTEXT]
    return call


async def check_access(request: Request, organization: str) -> None:
    """Refuse organizations that do not exist and endpoints that were not granted."""
    emulator = emulator_of(request)
    emulator.check_granted(request.scope["route"].operation_id)
    if organization not in emulator.options.organizations:
        raise ForbiddenRefusal("The key does not reach this organization")


def list_from_path(request: Request, *, data: bool = False) -> ListEntry:
    """Return the List in a request's path.

    Args:
        request: The request.
        data: It is a call on data, to which a new List may not be seen yet.
    """
    emulator = emulator_of(request)
    path = request.path_params
    entry = emulator.store.get_list(path["organization"], path["api_name"])
    if data:
        emulator.check_visible(entry)
    return entry


async def read_json(request: Request) -> Any:  # noqa: ANN401 - JSON
    """Return a body without a check of each value.

    Raises:
        BadRequestRefusal: It is not JSON.
    """
    try:
        return jsontext.decode(await request.body())
    except ValueError:
        raise BadRequestRefusal("The body is not JSON") from None


def json_response(value: Any, status: int = 200) -> Response:  # noqa: ANN401 - JSON
    """Return a value as a JSON answer."""
    return Response(jsontext.encode(value), status, media_type=JSON_TYPE)


def success_response(message: str, status: int = 200) -> Response:
    """Return the answer of a call that gives no data."""
    return json_response({"result_code": "Succeeded", "message": message}, status)
