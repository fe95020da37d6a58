"""The API's refusals: each knows its HTTP status and its codes.

```
ApiRefusal
├ BadRequestRefusal            400  names, bodies and parameters that cannot be taken
│ └ ValidationRefusal    400  well-formed, but against the List's definition
├ UnauthorizedRefusal          401  no key, a wrong key, or an endpoint that the key was not granted
├ ForbiddenRefusal             403  an organization that the key does not reach
├ NotFoundRefusal              404  a List, Segment or relation that is not there (status by option)
├ BodyTooLargeRefusal              413  a body above the limit
├ MediaTypeRefusal             415  a body that is not declared as JSON
└ TextRefusal                  429  plain text
  ├ ListBusyRefusal                     another bulk operation works on the List
  └ QuotaRefusal                    the key's calls of this window are used up
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
        status: An HTTP status other than the class's own.
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
        """Return the answer's body."""
        return jsontext.encode(refusal_body(self.result_code, self.error_code, self.description))


class BadRequestRefusal(ApiRefusal):
    """A name, body or parameter cannot be taken."""

    status = HTTPStatus.BAD_REQUEST
    result_code = "Failed"


class ValidationRefusal(BadRequestRefusal):
    """The call is well-formed, but does not fit the List's definition."""

    result_code = "ValidationFailed"
    error_code = "ERR_VALIDATION"


class UnauthorizedRefusal(ApiRefusal):
    """No key, a wrong key, or an endpoint that was not granted."""

    status = HTTPStatus.UNAUTHORIZED
    result_code = "Failed"
    error_code = "ERR_UNAUTHORIZED"


class ForbiddenRefusal(ApiRefusal):
    """The key does not reach this organization."""

    status = HTTPStatus.FORBIDDEN
    result_code = "Failed"
    error_code = "ERR_FORBIDDEN"


class NotFoundRefusal(ApiRefusal):
    """A List, Segment or relation is not there."""

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
    """A refusal in plain text."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    content_type = TEXT_TYPE

    def body(self) -> bytes:
        """Return the answer's body."""
        return self.description.encode()


class ListBusyRefusal(TextRefusal):
    """Another bulk operation works on the List."""

    def __init__(self) -> None:
        super().__init__("A bulk operation is already in progress on this list")


class QuotaRefusal(TextRefusal):
    """The calls of this window are used up."""

    def __init__(self) -> None:
        super().__init__("API calls quota exceeded")


def refusal_body(result_code: str, error_code: str, description: str) -> dict[str, Any]:
    """Return the body of a refusal."""
    return {
        "errors": [{"error_code": error_code, "description": description}],
        "result_code": result_code,
        "message": "Request Failed",
    }
