"""Bodies that are forms (`application/x-www-form-urlencoded`), for the endpoints that accept them.

Names follow ASP.NET: `relations[0].scope` or `relations[0][scope]` is a part of an object. `tags[0]`, `tags[]`, or
`tags` more than once are items of an array. All values are text, and are converted to the types of the body's model.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import Message

from target_selligent.emulator import jsontext
from target_selligent.emulator.refusals import BadRequestRefusal

FORM = "application/x-www-form-urlencoded"

_NAME = re.compile(r"[^.\[\]]+(?:\[[^.\[\]]*\]|\.[^.\[\]]+)*")
_PART = re.compile(r"[^.\[\]]+|\[\]")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class FormRoute(APIRoute):
    """A route that also accepts its body as a form."""

    def get_route_handler(self) -> Handler:
        """Return a handler that converts a form to JSON before the route reads it."""
        handle = super().get_route_handler()
        model: type[BaseModel] | None = get_type_hints(self.endpoint).get("model")

        async def handle_form(request: Request) -> Response:
            declared = request.headers.get("content-type", "")
            if declared.partition(";")[0].strip().lower() != FORM:
                return await handle(request)
            body = form_to_json(await request.body(), model)
            others = [pair for pair in request.scope["headers"] if pair[0] != b"content-type"]

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            scope = {**request.scope, "headers": [*others, (b"content-type", b"application/json")]}
            return await handle(Request(scope, receive))

        return handle_form


def form_to_json(form: bytes, model: type[BaseModel] | None) -> bytes:
    """Convert a form to a JSON object.

    Args:
        form: The body.
        model: The model that the values must fit; None: the object has each value under its own name.

    Raises:
        BadRequestRefusal: The form cannot be read.
        RequestValidationError: The form does not fit the model.
    """
    try:
        pairs = parse_qsl(form.decode(), keep_blank_values=True, strict_parsing=bool(form), errors="strict")
    except ValueError:
        raise BadRequestRefusal("The body is not a form") from None
    if model is None:
        if len({name for name, _ in pairs}) < len(pairs):
            raise BadRequestRefusal("A value is given twice")
        return jsontext.encode(dict(pairs))
    values = _parse_pairs(pairs)
    for name, field in model.model_fields.items():
        if isinstance(values.get(name), str) and "list[" in str(field.annotation):
            values[name] = [values[name]]
    try:
        # In JSON a number must be a number. A form can only have text, so types are converted here.
        found = model.model_validate(values, strict=False)
    except ValidationError as error:
        problems = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(problems) from None
    return found.model_dump_json(exclude_unset=True).encode()


def _parse_pairs(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the objects and arrays that the names describe."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        if not _NAME.fullmatch(name):
            raise BadRequestRefusal("The body names something that cannot be")
        *outer, last = _PART.findall(name)
        here = root
        for part in outer if last != "[]" else outer[:-1]:
            here = here.setdefault(part, {})
            if not isinstance(here, dict):
                raise BadRequestRefusal("The body gives two values for one name")
        last = outer[-1] if last == "[]" else last
        before = here.get(last)
        if isinstance(before, dict):
            raise BadRequestRefusal("The body gives two values for one name")
        if before is None:
            here[last] = [value] if name.endswith("[]") else value
        else:
            here[last] = [*(before if isinstance(before, list) else [before]), value]
    found = _with_arrays(root)
    return found if isinstance(found, dict) else {}


def _with_arrays(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Replace each object whose names are all numbers by an array in the order of these numbers."""
    if not isinstance(value, dict):
        return value
    items = {name: _with_arrays(item) for name, item in value.items()}
    if items and all(name.isdecimal() for name in items):
        return [items[name] for name in sorted(items, key=int)]
    return items
