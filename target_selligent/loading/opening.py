"""Opens what a run works with, in the form for runs that write, or in that for runs with a plan."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from target_selligent.api import Pacer, RetryPolicy, SelligentClient, Transport
from target_selligent.loading.destination import ListDestination
from target_selligent.loading.planned_destination import PlannedDestination

if TYPE_CHECKING:
    from target_selligent.api import Activity
    from target_selligent.loading.plan import Plan
    from target_selligent.settings import Settings


def connect(settings: Settings, activity: Activity, plan: Plan | None) -> SelligentClient:
    """Return the client of a run.

    Args:
        settings: The settings of the run.
        activity: Notes what the run is doing.
        plan: The plan of a run that writes nothing.
    """
    if plan is not None:
        return plan.client(settings, activity)
    return SelligentClient(
        Transport(
            settings.base_url,
            settings.api_key,
            settings.api_secret,
            settings.organization,
            timeout=settings.request_timeout_seconds,
            pacer=Pacer(settings.requests_per_minute),
            policy=RetryPolicy(busy_seconds=settings.busy_timeout_seconds),
            activity=activity,
        )
    )


def open_destination(
    client: SelligentClient, settings: Settings, list_api_name: str, plan: Plan | None
) -> ListDestination:
    """Return a List as the destination of a run.

    Args:
        client: Calls Selligent.
        settings: The settings of the run.
        list_api_name: API name of the List, in the user's spelling.
        plan: The plan of a run that writes nothing.
    """
    own = settings.for_list(list_api_name)
    kind = ListDestination if plan is None else partial(PlannedDestination, plan)
    return kind(
        client,
        list_api_name,
        create_list=own.create_list_if_not_exists,
        create_segments=own.create_segment_if_not_exists,
        list_type=own.list_type,
    )
