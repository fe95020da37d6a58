"""The API's refusals: each knows its HTTP status and its codes.

```
ApiError
├ BadRequestError            400  names, bodies and parameters that cannot be taken
│ └ ValidationFailedError    400  well-formed, but against the List's definition
├ UnauthorizedError          401  no key, a wrong key, or an endpoint that the key was not granted
├ ForbiddenError             403  an organization that the key does not reach
├ NotFoundError              404  a List, Segment or relation that is not there (status by option)
├ TooLargeError              413  a body above the limit
├ MediaTypeError             415  a body that is not declared as JSON
└ TextError                  429  plain text
  ├ BusyError                     another bulk operation works on the List
  └ QuotaError                    the key's calls of this window are used up
```
"""

from http import HTTPStatus
from typing import Any, ClassVar

from target_selligent.emulator import jsontext

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


class ApiError(Exception):
    """A call that the API refuses.

    Args:
        description: What is wrong, for a person.
        status: An HTTP status other than the class's own.
    """

    status: ClassVar[int] = HTTPStatus.INTERNAL_SERVER_ERROR
    result_code: ClassVar[str] = "InternalServerError"
    error_code: ClassVar[str] = "ERR"
    content_type: ClassVar[str] = JSON

    def __init__(self, description: str, status: int | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.http_status = int(status or self.status)

    def body(self) -> bytes:
        """Return the answer's body."""
        return jsontext.encode(failure(self.result_code, self.error_code, self.description))


class BadRequestError(ApiError):
    """A name, body or parameter cannot be taken."""

    status = HTTPStatus.BAD_REQUEST
    result_code = "Failed"


class ValidationFailedError(BadRequestError):
    """The call is well-formed, but does not fit the List's definition."""

    result_code = "ValidationFailed"
    error_code = "ERR_VALIDATION"


class UnauthorizedError(ApiError):
    """No key, a wrong key, or an endpoint that was not granted."""

    status = HTTPStatus.UNAUTHORIZED
    result_code = "Failed"
    error_code = "ERR_UNAUTHORIZED"


class ForbiddenError(ApiError):
    """The key does not reach this organization."""

    status = HTTPStatus.FORBIDDEN
    result_code = "Failed"
    error_code = "ERR_FORBIDDEN"


class NotFoundError(ApiError):
    """A List, Segment or relation is not there."""

    status = HTTPStatus.NOT_FOUND
    result_code = "NotFound"
    error_code = "ERR_NOTFOUND"


class TooLargeError(ApiError):
    """The body is above the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    result_code = "Failed"
    error_code = "ERR_TOO_LARGE"


class MediaTypeError(ApiError):
    """The body is not declared as JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    result_code = "Failed"
    error_code = "ERR_MEDIA_TYPE"


class TextError(ApiError):
    """A refusal in plain text."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    content_type = TEXT

    def body(self) -> bytes:
        """Return the answer's body."""
        return self.description.encode()


class BusyError(TextError):
    """Another bulk operation works on the List."""

    def __init__(self) -> None:
        super().__init__("A bulk operation is already in progress on this list")


class QuotaError(TextError):
    """The calls of this window are used up."""

    def __init__(self) -> None:
        super().__init__("API calls quota exceeded")


def failure(result_code: str, error_code: str, description: str) -> dict[str, Any]:
    """Return the body of a refusal."""
    return {
        "errors": [{"error_code": error_code, "description": description}],
        "result_code": result_code,
        "message": "Request Failed",
    }
