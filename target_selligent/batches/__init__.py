"""Batches: rows gathered for a List load, keys gathered for Segment loads. No I/O but temporary files."""

from __future__ import annotations

from target_selligent.batches.batch import Batch, MergedRecords, RecordRow, Route, Rows, segment_tuple
from target_selligent.batches.body import Body, RowsJson, decode_row, encode_rows, encode_rows_apart, measure_rows
from target_selligent.batches.buffer import BatchBuffer
from target_selligent.batches.flush_age import FlushAge
from target_selligent.batches.list_keys import ListKeys
from target_selligent.batches.membership import EVERY_SEGMENT, LIST_PLACE, Departure, Word, deletion_place
from target_selligent.batches.membership_log import MembershipLog
from target_selligent.batches.merging import Merging, join_shapes
from target_selligent.batches.run_store import FirstRows, LoadedKeys, SpooledRow
from target_selligent.batches.same_key import (
    normalize_for_identity,
    normalize_for_order,
    normalize_key_for_order,
    normalize_within_list,
)
from target_selligent.batches.segment_buffer import SegmentBuffer, SegmentRows
from target_selligent.batches.spool import Spool
from target_selligent.batches.waiting_batches import WaitingBatches

__all__ = [
    "EVERY_SEGMENT",
    "LIST_PLACE",
    "Batch",
    "BatchBuffer",
    "Body",
    "Departure",
    "FirstRows",
    "FlushAge",
    "ListKeys",
    "LoadedKeys",
    "MembershipLog",
    "MergedRecords",
    "Merging",
    "RecordRow",
    "Route",
    "Rows",
    "RowsJson",
    "SegmentBuffer",
    "SegmentRows",
    "Spool",
    "SpooledRow",
    "WaitingBatches",
    "Word",
    "decode_row",
    "deletion_place",
    "encode_rows",
    "encode_rows_apart",
    "join_shapes",
    "measure_rows",
    "normalize_for_identity",
    "normalize_for_order",
    "normalize_key_for_order",
    "normalize_within_list",
    "segment_tuple",
]
