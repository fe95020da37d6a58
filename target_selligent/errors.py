"""All errors of the target, as one tree. The type of an error says how to handle it.

```
TargetSelligentError
├ SettingsError                 the configuration is wrong; no input has been read yet
├ InputError                    a line of the input is not a valid Singer message
├ DestinationError              a stream does not fit its List, fields or Segment; none of it is loaded
├ RejectedRecord                one record cannot be loaded; the others can
├ RunStoppedError               the run must not continue after a rejected record
│ ├ TooManyRejectsError         more records were rejected than `max_rejects` allows
│ ├ TooManyRemovalsError        more members would leave than `max_removals` allows
│ └ NothingLoadedError          all records of a stream were rejected
└ ApiError                      a call to Selligent did not succeed
  ├ TransientApiError           send the same request again
  │ ├ RateLimitedError          the quota of the API key is used up: wait until its window ends
  │ ├ ListBusyError             another bulk operation runs on the List: wait for it
  │ ├ ServerError               Selligent cannot process the request now
  │ ├ ConnectionLostError       no complete response arrived
  │ │ └ HostNotFoundError       the name of the host is unknown, and no host has responded in this run
  │ └ ApiTimeoutError           no response arrived in time
  ├ PayloadTooLargeError        send a smaller body
  │ └ UploadTooSlowError        send smaller bodies while the line is slow
  └ FatalApiError               the same request would fail again
    ├ UnauthorizedError, ForbiddenError, NotFoundError, UnexpectedResponseError, UnsafeConnectionError
    └ BadRequestError
      └ MissingIndexError       the key fields of a List need a unique index
```
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MAX_NAMES = 20


class TargetSelligentError(Exception):
    """Root of all errors of the target.

    `str()` is one line that a user can act on. It holds no secrets and no values of records.
    """


class SettingsError(TargetSelligentError):
    """Raised when settings are missing, have a wrong type, or contradict each other.

    Args:
        problems: One sentence for each problem, so that the user can fix all of them at once.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


class InputError(TargetSelligentError):
    """Raised when a line of the input is not a valid Singer message, is out of order, or starts one stream too many."""


class DestinationError(TargetSelligentError):
    """Raised when a stream does not fit its List or Segment, before any of its records is loaded."""


class RejectedRecord(TargetSelligentError):  # noqa: N818 - it is about one record; the run continues
    """Raised when one record cannot be loaded: it goes to the rejects file, and the run continues.

    Args:
        reason: Why it cannot be loaded, without values of the record.
        field: The column or Selligent field at fault, if there is one.
        code: A short, stable name for the kind of fault.
    """

    def __init__(self, reason: str, *, field: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.code = code


class RunStoppedError(TargetSelligentError):
    """Raised when a rejected record ends the run.

    This happens if `skip_invalid_records` is false, or if Selligent stops loads at errors.

    Args:
        reason: What happened, and what the user can do.
        code: The code of the record's fault; None if no single record ended the run.
    """

    def __init__(self, reason: str, *, code: str | None = None) -> None:
        super().__init__(reason)
        self.code = code


class TooManyRejectsError(RunStoppedError):
    """Raised when more records were rejected than `max_rejects` allows."""


class TooManyRemovalsError(RunStoppedError):
    """Raised when more members would leave their Segments than `max_removals` allows."""


class NothingLoadedError(RunStoppedError):
    """Raised when all records of a stream were rejected."""


class ApiError(TargetSelligentError):
    """Raised when a call to Selligent did not succeed.

    Args:
        message: What happened, in words that a user understands.
        call: Method and path of the call, for example `POST lists/master_contacts/data/load`.
        status: HTTP status; None if no response arrived.
        code: `error_code` or `result_code` of the response; None if it had none.
    """

    def __init__(self, message: str, *, call: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(f"{call}: {message}")
        self.message = message
        self.call = call
        self.status = status
        self.code = code


class TransientApiError(ApiError):
    """Raised when the same request may succeed later.

    Args:
        message: What happened.
        call: Method and path of the call.
        status: HTTP status; None if no response arrived.
        code: `error_code` or `result_code` of the response; None if it had none.
        retry_after: Seconds to wait, from the response header `Retry-After`; 0 if it is absent.
    """

    def __init__(
        self,
        message: str,
        *,
        call: str,
        status: int | None = None,
        code: str | None = None,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(message, call=call, status=status, code=code)
        self.retry_after = retry_after


class RateLimitedError(TransientApiError):
    """Raised when the quota of the API key is used up (429, and no call remains in the window).

    Args:
        message: What happened.
        call: Method and path of the call.
        reset_seconds: Seconds until the window ends, from Selligent's header.
        retry_after: Seconds to wait, from the response header `Retry-After`; 0 if it is absent.
    """

    def __init__(self, message: str, *, call: str, reset_seconds: float, retry_after: float = 0.0) -> None:
        super().__init__(message, call=call, status=429, retry_after=retry_after)
        self.reset_seconds = reset_seconds


class ListBusyError(TransientApiError):
    """Raised when another bulk operation runs on the same List (429, and the quota is not used up)."""


class ServerError(TransientApiError):
    """Raised for 408, 5xx, a `result_code` that means the same, or a response that is not a JSON object."""


class ConnectionLostError(TransientApiError):
    """Raised when a connection could not be opened, or ended before the whole response was read."""


class HostNotFoundError(ConnectionLostError):
    """Raised when the name of a host is unknown and no host has responded in this run: it may be misspelt."""


class ApiTimeoutError(TransientApiError):
    """Raised when no response arrived in time. Selligent may still be processing the call."""


class PayloadTooLargeError(ApiError):
    """Raised when Selligent refuses a body because of its size (413)."""


class UploadTooSlowError(PayloadTooLargeError):
    """Raised when a body was not sent within the time that Selligent allows. Nothing of it was loaded."""


class FatalApiError(ApiError):
    """Raised when the same request would fail again."""


class UnauthorizedError(FatalApiError):
    """Raised for 401: wrong key or secret, or an endpoint that the service account was not granted."""


class ForbiddenError(FatalApiError):
    """Raised for 403: the account may not use this organization, or not from this IP address."""


class NotFoundError(FatalApiError):
    """Raised when a List, Segment or organization does not exist."""


class BadRequestError(FatalApiError):
    """Raised when Selligent refuses the request itself (400, 405, 422 or a failing `result_code`)."""


class MissingIndexError(BadRequestError):
    """Raised when Selligent refuses a load because no unique index of the List covers the key fields."""


class UnsafeConnectionError(FatalApiError):
    """Raised when nothing is sent because the certificate of the host or of the proxy cannot be trusted."""


class UnexpectedResponseError(FatalApiError):
    """Raised when a response is not one that the API reference describes, for example a redirect."""


def suggest_names(existing: Iterable[str], unknown: Iterable[str]) -> str:
    """List existing names for an error message about unknown names.

    The names most similar to the unknown ones come first. At most 20 names are listed.

    Args:
        existing: Names that exist.
        unknown: Names that do not exist.

    Returns:
        Names, comma-separated, and the number of names left out; `none` if no name exists.
    """
    spellings = {name.casefold(): name for name in existing}
    similar: dict[str, None] = {}
    for name in list(unknown)[:_MAX_NAMES]:
        similar |= dict.fromkeys(difflib.get_close_matches(name.casefold(), spellings, n=3))
    listed = [spellings[name] for name in (similar | dict.fromkeys(spellings))][:_MAX_NAMES]
    omitted = len(spellings) - len(listed)
    return (", ".join(listed) or "none") + (f" and {omitted:,} more" if omitted else "")
