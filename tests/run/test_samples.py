"""The two samples of Treasure AI's Selligent export, to the field, with the settings that it gives for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import example

if TYPE_CHECKING:
    from tests.support import Tenant

BASIC: dict[str, Any] = {
    "organization": "my_org",
    "list_api_name": "master_contacts",
    "segment_column": "selligent_segment",
    "key_fields": "CUSTOMER_IDENTIFIER",
    "segment_data_import_option": "append",
    "list_data_import_option": "InsertAndUpdate",
    "create_segment_if_not_exists": True,
}
MULTI = {**BASIC, "deduplication": "ImportLastMatch", "error_handling": "ContinueOnError"}
BASIC_ROWS = [
    ["C001", "alice@example.com", "Alice", "Kim"],
    ["C002", "bob@example.com", "Bob", "Sato"],
    ["C003", "carol@example.com", "Carol", "Nguyen"],
]
MULTI_ROWS = [
    ["C101", "mei@example.com", "Mei", 1520.5, "2026-05-01T10:15:00Z"],
    ["C204", "dan@example.com", "Dan", 210.0, "2025-09-20T08:30:00Z"],
    ["C319", "lina@example.com", "Lina", 480.75, "2026-04-12T19:45:00Z"],
]


@pytest.mark.parametrize("create", [True, False], ids=["new List", "existing List"])
def test_basic_segment_export(tenant: Tenant, *, create: bool) -> None:
    """The basic sample ends as four fields, three records and one Segment of all of them."""
    text = "Text(500)"
    wanted = {"CUSTOMER_IDENTIFIER": text, "EMAIL": text, "FIRST_NAME": text, "LAST_NAME": text}
    if not create:
        tenant.create_list("master_contacts", **wanted)
    run = tenant.run(example("treasure/basic/1-export"), **BASIC, create_list_if_not_exists=create).succeeded()
    assert tenant.lists() == {"master_contacts": "Userlist" if create else "Datalist"}
    assert tenant.fields("master_contacts") == wanted
    assert tenant.rows(*wanted, list_api_name="master_contacts") == BASIC_ROWS
    assert tenant.segments("master_contacts") == {"active_customers": "Static"}
    members = tenant.members("active_customers", "CUSTOMER_IDENTIFIER", "master_contacts")
    assert members == ["C001", "C002", "C003"]
    assert tenant.outcomes() == {"answered"}
    assert run.states == [{"bookmarks": {"customers": {"replication_key_value": "C003"}}}]


def test_multi_segment_export(tenant: Tenant) -> None:
    """The multi-segment sample ends as typed fields, three records and three Segments of one each."""
    run = tenant.run(example("treasure/multi-segment/1-export"), **MULTI, create_list_if_not_exists=True).succeeded()
    fields = {
        "CUSTOMER_IDENTIFIER": "Text(500)",
        "EMAIL": "Text(500)",
        "FIRST_NAME": "Text(500)",
        "LIFETIME_VALUE": "Float",
        "LAST_PURCHASE_AT": "DateTime",
    }
    assert tenant.fields("master_contacts") == fields
    assert tenant.rows(*fields, list_api_name="master_contacts") == MULTI_ROWS
    members = {
        segment: tenant.members(segment, "CUSTOMER_IDENTIFIER", "master_contacts")
        for segment in tenant.segments("master_contacts")
    }
    assert members == {"vip_customers": ["C101"], "re_engagement": ["C204"], "standard_customers": ["C319"]}
    loads = [call for call in tenant.calls() if call.endswith("/data/load")]
    assert loads == [
        "POST /master_contacts/data/load",
        "POST /master_contacts/segments/vip_customers/data/load",
        "POST /master_contacts/segments/re_engagement/data/load",
        "POST /master_contacts/segments/standard_customers/data/load",
    ]
    assert run.states == [{"bookmarks": {"customer_profile": {"replication_key_value": "2026-05-01T10:15:00"}}}]


def test_sample_settings_of_a_workflow(tenant: Tenant) -> None:
    """The `result_settings` of the export's sample workflow can be pasted in as they are."""
    tenant.create_list("master_contacts", CUSTOMER_IDENTIFIER="Text(100)", EMAIL="Text(100)")
    tenant.create_list("other")
    workflow: dict[str, Any] = {
        "organization": "my_org",
        "list_api_name": "master_contacts",
        "create_list_if_not_exists": False,
        "list_data_import_option": "InsertAndUpdate",
        "segment_column": "selligent_segment",
        "create_segment_if_not_exists": True,
        "segment_data_import_option": "append",
        "key_fields": "CUSTOMER_IDENTIFIER",
        "deduplication": "ImportLastMatch",
        "error_handling": "ContinueOnError",
        "mode": "Sync",
        "skip_invalid_records": True,
    }
    left_out = {"first_name": None, "last_name": None}
    tenant.run(example("treasure/basic/1-export"), **workflow, field_mapping=left_out).succeeded()
    assert len(tenant.rows("ID", list_api_name="master_contacts")) == 3
