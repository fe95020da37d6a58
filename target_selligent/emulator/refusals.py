"""Refusals: calls that the API does not carry out. Each class has its HTTP status and its codes.

```
ApiRefusal
├ BadRequestRefusal          400  a name, body or parameter that the API does not accept
│ └ ValidationRefusal        400  a well-formed call that does not fit the List's definition
├ UnauthorizedRefusal        401  no key, a wrong key, or an endpoint that the key was not granted
├ ForbiddenRefusal           403  an organization that the key has no access to
├ NotFoundRefusal            404  a List, Segment or relation that does not exist (an option changes the status)
├ BodyTooLargeRefusal        413  a body above the limit
├ MediaTypeRefusal           415  a body that is not declared as JSON
└ TextRefusal                429  a plain text instead of JSON
  ├ ListBusyRefusal               another bulk operation is working on the List
  └ QuotaRefusal                  the key has no calls left in this window
```
"""

from http import HTTPStatus
from typing import Any, ClassVar

from target_selligent.emulator import jsontext

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"


class ApiRefusal(Exception):
    """A call that the API refuses.

    Args:
        description: What is wrong, for a person.
        status: An HTTP status to use instead of the class's own.
    """

    status: ClassVar[int] = HTTPStatus.INTERNAL_SERVER_ERROR
    result_code: ClassVar[str] = "InternalServerError"
    error_code: ClassVar[str] = "ERR"
    content_type: ClassVar[str] = JSON_TYPE

    def __init__(self, description: str, status: int | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.http_status = int(status or self.status)

    def body(self) -> bytes:
        """Return the body of the response."""
        return jsontext.encode(refusal_body(self.result_code, self.error_code, self.description))


class BadRequestRefusal(ApiRefusal):
    """The API does not accept a name, body or parameter."""

    status = HTTPStatus.BAD_REQUEST
    result_code = "Failed"


class ValidationRefusal(BadRequestRefusal):
    """The call is well-formed, but it does not fit the List's definition."""

    result_code = "ValidationFailed"
    error_code = "ERR_VALIDATION"


class UnauthorizedRefusal(ApiRefusal):
    """The key is missing or wrong, or it was not granted the endpoint."""

    status = HTTPStatus.UNAUTHORIZED
    result_code = "Failed"
    error_code = "ERR_UNAUTHORIZED"


class ForbiddenRefusal(ApiRefusal):
    """The key has no access to this organization."""

    status = HTTPStatus.FORBIDDEN
    result_code = "Failed"
    error_code = "ERR_FORBIDDEN"


class NotFoundRefusal(ApiRefusal):
    """A List, Segment or relation does not exist."""

    status = HTTPStatus.NOT_FOUND
    result_code = "NotFound"
    error_code = "ERR_NOTFOUND"


class BodyTooLargeRefusal(ApiRefusal):
    """The body is above the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    result_code = "Failed"
    error_code = "ERR_TOO_LARGE"


class MediaTypeRefusal(ApiRefusal):
    """The body is not declared as JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    result_code = "Failed"
    error_code = "ERR_MEDIA_TYPE"


class TextRefusal(ApiRefusal):
    """A refusal whose body is plain text."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    content_type = TEXT_TYPE

    def body(self) -> bytes:
        """Return the body of the response."""
        return self.description.encode()


class ListBusyRefusal(TextRefusal):
    """Another bulk operation is working on the List."""

    def __init__(self) -> None:
        super().__init__("A bulk operation is already in progress on this list")


class QuotaRefusal(TextRefusal):
    """The key has no calls left in this window."""

    def __init__(self) -> None:
        super().__init__("API calls quota exceeded")


def refusal_body(result_code: str, error_code: str, description: str) -> dict[str, Any]:
    """Return the JSON body of a refusal."""
    return {
        "errors": [{"error_code": error_code, "description": description}],
        "result_code": result_code,
        "message": "Request Failed",
    }
