"""Selligent's API: one method an endpoint, one retry loop, one pace, and what answers mean."""

from __future__ import annotations

from target_selligent.api.activity import Activity, Doing, EndpointCalls
from target_selligent.api.client import LoadOptions, SelligentClient
from target_selligent.api.overview import OverviewCalls
from target_selligent.api.pacer import Pacer
from target_selligent.api.planning import PlannedCreation, PlanningTransport
from target_selligent.api.redaction import redact
from target_selligent.api.refusals import RecordIndexes, RefusedRow, base_from_values, merge_by_index
from target_selligent.api.relations import RelationDetails
from target_selligent.api.results import ListDetails, LoadResult, SegmentDetails
from target_selligent.api.retries import RetryPolicy
from target_selligent.api.transport import Transport

__all__ = [
    "Activity",
    "Doing",
    "EndpointCalls",
    "ListDetails",
    "LoadOptions",
    "LoadResult",
    "OverviewCalls",
    "Pacer",
    "PlannedCreation",
    "PlanningTransport",
    "RecordIndexes",
    "RefusedRow",
    "RelationDetails",
    "RetryPolicy",
    "SegmentDetails",
    "SelligentClient",
    "Transport",
    "base_from_values",
    "merge_by_index",
    "redact",
]
