"""Rejected records: counted, named in the log without values, and kept whole in the rejects file."""

from __future__ import annotations

from target_selligent.rejects.file import locked
from target_selligent.rejects.lines import (
    MEMBER_TYPE,
    RUN_OF_REJECTS,
    RejectDetails,
    parse_member_message,
    remove_details,
)
from target_selligent.rejects.mending import how_to_mend
from target_selligent.rejects.rejection import Rejection, RejectionKind
from target_selligent.rejects.rejects import Rejects

__all__ = [
    "MEMBER_TYPE",
    "RUN_OF_REJECTS",
    "RejectDetails",
    "Rejection",
    "RejectionKind",
    "Rejects",
    "how_to_mend",
    "locked",
    "parse_member_message",
    "remove_details",
]
