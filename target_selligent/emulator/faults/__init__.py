"""Failures on demand: fault rules, and the quota of calls."""

from target_selligent.emulator.faults.quota import Quota, QuotaWindow
from target_selligent.emulator.faults.rules import (
    KINDS_WITHOUT_RESPONSE,
    ActiveFault,
    FaultRule,
    FaultRules,
    RawResponse,
)

__all__ = [
    "KINDS_WITHOUT_RESPONSE",
    "ActiveFault",
    "FaultRule",
    "FaultRules",
    "Quota",
    "QuotaWindow",
    "RawResponse",
]
