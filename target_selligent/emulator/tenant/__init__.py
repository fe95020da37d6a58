"""The data of a Selligent tenant: Lists, fields, relations, Segments and records, in SQLite. It knows no HTTP."""

from target_selligent.emulator.tenant import relations
from target_selligent.emulator.tenant.browse import RecordPage, as_text, first_members, key_fields, read_page
from target_selligent.emulator.tenant.bulk_calls import BulkCall, RowRefusal
from target_selligent.emulator.tenant.records import BulkOutcome, Records
from target_selligent.emulator.tenant.search import Filter, Search, find_records, stored_names
from target_selligent.emulator.tenant.store import ListEntry, OverviewQuery, SegmentEntry, Store
from target_selligent.emulator.tenant.values import Problem, parse_text

__all__ = [
    "BulkCall",
    "BulkOutcome",
    "Filter",
    "ListEntry",
    "OverviewQuery",
    "Problem",
    "RecordPage",
    "Records",
    "RowRefusal",
    "Search",
    "SegmentEntry",
    "Store",
    "as_text",
    "find_records",
    "first_members",
    "key_fields",
    "parse_text",
    "read_page",
    "relations",
    "stored_names",
]
