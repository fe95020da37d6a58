"""Whether Selligent can be reached and lets this service account in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from target_selligent.checks.findings import Finding
from target_selligent.errors import (
    ApiError,
    ApiTimeoutError,
    ConnectionLostError,
    ForbiddenError,
    NotFoundError,
    UnauthorizedError,
    UnsafeConnectionError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_selligent.api import PlanningTransport
    from target_selligent.settings import Settings

_CLOCK_SECONDS = 60
"""How far the clocks may be apart before it is said."""


def check_connection(
    settings: Settings, get_organization: Callable[[], None], get_list: Callable[[], object]
) -> Iterator[Finding]:
    """Yield whether address, certificate, key and organization are right. The last finding is `wrong` if one is not.

    Args:
        settings: The settings of the run.
        get_organization: Reads the organization.
        get_list: Reads a List of the settings. It is called if the right to read the organization is missing.
    """
    error = _failure_of(get_organization)
    if error is None:
        yield from _describe_address(settings)
        yield Finding("ok", "key", "api_key and api_secret are right")
        yield Finding("ok", "organization", f"{settings.organization} can be used")
    elif isinstance(error, UnsafeConnectionError):
        yield Finding("ok", "address", f"{settings.base_url} can be reached")
        yield Finding("wrong", "certificate", error.message)
    elif isinstance(error, UnauthorizedError):
        yield from _describe_address(settings)
        yield from _describe_key(settings, error, get_list)
    elif isinstance(error, (ForbiddenError, NotFoundError)):
        yield from _describe_address(settings)
        yield Finding(
            "wrong", "organization", error.message, "check organization, base_url and the account's IP filter"
        )
    elif isinstance(error, (ConnectionLostError, ApiTimeoutError)):
        yield Finding("wrong", "address", error.message, "check base_url, the network and the proxy variables")
    else:
        yield Finding("wrong", "address", error.message, "check base_url")


def check_headers(transport: PlanningTransport) -> Iterator[Finding]:
    """Yield what the headers of the last response say about the quota and the clock.

    Args:
        transport: It has received a response.
    """
    quota = transport.quota
    if quota is None or quota.remaining is None or quota.reset_seconds is None:
        yield Finding(
            "note",
            "quota",
            "the responses do not say how many calls remain: requests_per_minute alone limits them",
            "set requests_per_minute lower if other systems use the same key",
        )
    else:
        yield Finding("ok", "quota", f"{quota.remaining:,.0f} calls remain for the next {quota.reset_seconds:.0f} s")
    ahead = transport.clock_difference
    if ahead is None:
        yield Finding("note", "clock", "the responses have no date")
    elif abs(ahead) > _CLOCK_SECONDS:
        direction = "behind" if ahead > 0 else "ahead of"
        yield Finding(
            "note",
            "clock",
            f"the clock of this machine is {abs(ahead):,.0f} s {direction} Selligent's",
            "correct it: certificates and dates depend on it",
        )
    else:
        yield Finding("ok", "clock", "the clock of this machine and Selligent's agree")


def _failure_of(call: Callable[[], object]) -> ApiError | None:
    try:
        call()
    except ApiError as error:
        return error
    return None


def _describe_address(settings: Settings) -> Iterator[Finding]:
    yield Finding("ok", "address", f"{settings.base_url} answers")
    host = urlsplit(settings.base_url).hostname
    if settings.base_url.startswith("https:"):
        yield Finding("ok", "certificate", f"it is trusted, and for {host}")
    else:
        yield Finding("note", "certificate", "none is needed: plain http, to this machine only")


def _describe_key(settings: Settings, error: UnauthorizedError, get_list: Callable[[], object]) -> Iterator[Finding]:
    """Yield whether the login is wrong, or only the right to read the organization is missing."""
    second = _failure_of(get_list)
    if isinstance(second, UnauthorizedError):
        yield Finding(
            "wrong",
            "key",
            f"{error.message} (neither {error.call} nor {second.call} is allowed)",
            "check api_key and api_secret, and grant List details to the service account",
        )
    elif isinstance(second, ForbiddenError):
        yield Finding("wrong", "organization", second.message)
    else:
        yield Finding("ok", "key", "api_key and api_secret are right")
        yield Finding(
            "note",
            "organization",
            f"{settings.organization} cannot be read: this right is not granted, and a run does not need it",
        )
