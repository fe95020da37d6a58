"""Everything that can go wrong, as one tree: the type says what to do about it.

```
TargetSelligentError
├ SettingsError                 the configuration is wrong; nothing has been read yet
├ InputError                    the input holds a line that is no Singer message for us
├ DestinationError              the List, its fields or a Segment do not fit; nothing is loaded with them
├ RejectedRecord                one record cannot be loaded; the others can
├ RunStoppedError               the run may not go on past a rejected record
│ ├ TooManyRejectsError         more records were rejected than `max_rejects` allows
│ └ NothingLoadedError          a stream had records, and all of them were rejected
└ ApiError                      Selligent answered, or did not
  ├ TransientApiError           send the same request again
  │ ├ RateLimitedError          the quota of the API key is used up: wait for the window to end
  │ ├ ListBusyError             another bulk operation runs on the List: wait for it
  │ ├ ServerError               Selligent could not do it now
  │ ├ ConnectionLostError       no (whole) answer came
  │ │ └ HostNotFoundError       the host's name is not known, and nothing has ever answered
  │ └ ApiTimeoutError           no answer came in time
  ├ PayloadTooLargeError        send less at once
  │ └ UploadTooSlowError        as long as the line is slow
  └ FatalApiError               sending it again will not help
    ├ UnauthorizedError, ForbiddenError, NotFoundError, UnexpectedResponseError
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
    """Root of all our errors: `str()` is one line a user can act on, without secrets or customers' data."""


class SettingsError(TargetSelligentError):
    """When settings are missing, of the wrong type, or contradict each other.

    Args:
        problems: One sentence for each problem found, so that all can be mended in one go.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


class InputError(TargetSelligentError):
    """When a line of the input is no valid Singer message, comes in an impossible order, or starts a surplus stream."""


class DestinationError(TargetSelligentError):
    """When a stream does not fit its List or Segment, found before anything is loaded with it."""


class RejectedRecord(TargetSelligentError):  # noqa: N818 - it names the record's fate, not a failure of ours
    """When one record cannot be loaded; it goes to the rejects and the run goes on.

    Args:
        reason: Why, without the record's values.
        field: The column or Selligent field at fault, if there is one.
        code: A short, stable name of the kind of fault.
    """

    def __init__(self, reason: str, *, field: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.code = code


class RunStoppedError(TargetSelligentError):
    """When a rejected record ends the run, because `skip_invalid_records` is false or the load says stop.

    Args:
        reason: What happened and what to do.
        code: The kind of fault of the record; None if no single record ended the run.
    """

    def __init__(self, reason: str, *, code: str | None = None) -> None:
        super().__init__(reason)
        self.code = code


class TooManyRejectsError(RunStoppedError):
    """When more records were rejected than `max_rejects` allows."""


class NothingLoadedError(RunStoppedError):
    """When a stream had records and none of them could be loaded."""


class ApiError(TargetSelligentError):
    """When a call to Selligent did not succeed.

    Args:
        message: What happened, in the user's terms.
        call: Method and path of the call, as `POST lists/master_contacts/data/load`.
        status: HTTP status, where there was one.
        code: Selligent's own `error_code` or `result_code`, where there was one.
    """

    def __init__(self, message: str, *, call: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(f"{call}: {message}")
        self.message = message
        self.call = call
        self.status = status
        self.code = code


class TransientApiError(ApiError):
    """When the same request may well succeed later.

    Args:
        message: What happened.
        call: Method and path of the call.
        status: HTTP status, where there was one.
        code: Selligent's own `error_code` or `result_code`, where there was one.
        retry_after: How long the answer asks to wait, in its header `Retry-After`; 0 if it does not.
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
    """When the API key's quota is used up (429 with nothing remaining).

    Args:
        message: What happened.
        call: Method and path of the call.
        reset_seconds: Seconds until the window ends, as Selligent's header says.
        retry_after: How long the answer asks to wait, in its header `Retry-After`; 0 if it does not.
    """

    def __init__(self, message: str, *, call: str, reset_seconds: float, retry_after: float = 0.0) -> None:
        super().__init__(message, call=call, status=429, retry_after=retry_after)
        self.reset_seconds = reset_seconds


class ListBusyError(TransientApiError):
    """When another bulk operation runs on the same List (429 with quota left, or without quota headers)."""


class ServerError(TransientApiError):
    """When Selligent answers 408 or 5xx, or a failing `result_code` that means the same, or no JSON."""


class ConnectionLostError(TransientApiError):
    """When the connection could not be made or ended before the whole answer was read."""


class HostNotFoundError(ConnectionLostError):
    """When the name of a host is not known, and nothing has answered in this run yet: it may be misspelt."""


class ApiTimeoutError(TransientApiError):
    """When no answer came in time; the call may still be running at Selligent."""


class PayloadTooLargeError(ApiError):
    """When Selligent refuses a body for its size (413)."""


class UploadTooSlowError(PayloadTooLargeError):
    """When a body did not leave in the time that Selligent gives an upload, so that nothing of it was loaded."""


class FatalApiError(ApiError):
    """When the same request would fail again."""


class UnauthorizedError(FatalApiError):
    """When Selligent answers 401: wrong key or secret, or an endpoint the service account was not granted."""


class ForbiddenError(FatalApiError):
    """When Selligent answers 403: the account may not use this organization, or not from this address."""


class NotFoundError(FatalApiError):
    """When a List, Segment or organization does not exist."""


class BadRequestError(FatalApiError):
    """When Selligent refuses the request itself (400, 405, 422 or a failing `result_code`)."""


class MissingIndexError(BadRequestError):
    """When Selligent refuses a load because no unique index of the List covers the key fields."""


class UnexpectedResponseError(FatalApiError):
    """When the answer is none that the API's description knows, such as a redirect."""


def suggest_names(names: Iterable[str], wanted: Iterable[str]) -> str:
    """Return names for a message about others that do not exist: those most like them first, at most 20.

    Args:
        names: The names that exist.
        wanted: The names that do not.
    """
    known = {name.casefold(): name for name in names}
    near: dict[str, None] = {}
    for name in list(wanted)[:_MAX_NAMES]:
        near |= dict.fromkeys(difflib.get_close_matches(name.casefold(), known, n=3))
    shown = [known[name] for name in (near | dict.fromkeys(known))][:_MAX_NAMES]
    more = f" and {len(known) - len(shown):,} more" if len(known) > len(shown) else ""
    return (", ".join(shown) or "none") + more
