"""The configs that the docs show do what the docs say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support import record, schema

if TYPE_CHECKING:
    from tests.support import Tenant

ROOT = Path(__file__).resolve().parents[2]
CREATE: dict[str, Any] = {"create_list_if_not_exists": True, "create_segment_if_not_exists": True}


def configs(document: str) -> list[dict[str, Any]]:
    """Return the configs that a document shows."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def test_the_config_of_a_first_load(tenant: Tenant) -> None:
    """README's config, with another address and login, loads a List and a Segment."""
    (config,) = configs("README.md")
    login = {"base_url", "api_key", "api_secret", "organization"}
    settings = {name: value for name, value in config.items() if name not in login}
    columns = {"customer_identifier": "string", "email": "string", "selligent_segment": "string"}
    row = record({"customer_identifier": "C1", "email": "mei@example.com", "selligent_segment": "vip"})
    tenant.create_list("master_contacts", CUSTOMER_IDENTIFIER="Text(20)", EMAIL="Text(100)")
    tenant.run([schema(columns, ["customer_identifier"]), row], **settings).succeeded()
    assert tenant.rows("EMAIL", list_api_name="master_contacts") == [["mei@example.com"]]
    assert tenant.members("vip", "CUSTOMER_IDENTIFIER", "master_contacts") == ["C1"]


def test_several_streams(tenant: Tenant) -> None:
    """Each stream goes into the List that its entry, or the config as a whole, names."""
    config, _, _ = configs("docs/settings.md")
    messages = [
        schema({"key": "string"}, stream="customers"),
        record({"key": "C1"}, "customers"),
        schema({"id": "string"}, ["id"], stream="orders"),
        record({"id": "O1"}, "orders"),
    ]
    tenant.run(messages, **config, **CREATE).succeeded()
    assert tenant.rows("KEY", list_api_name="customers") == [["C1"]]
    assert tenant.rows("ORDER_ID", list_api_name="orders") == [["O1"]]


def test_patterns(tenant: Tenant) -> None:
    """The entry of a stream's exact name counts, else that of the pattern."""
    _, config, _ = configs("docs/settings.md")
    messages = [
        schema({"key": "string", "segment_name": "string"}, stream="public-people"),
        record({"key": "C1", "segment_name": "vip"}, "public-people"),
        schema({"key": "string"}, stream="public-orders"),
        record({"key": "O1"}, "public-orders"),
    ]
    tenant.run(messages, **config, **CREATE).succeeded()
    assert tenant.members("vip", "KEY", "customers") == ["C1"]
    assert tenant.rows("KEY", list_api_name="orders") == [["O1"]]


def test_stream_maps(tenant: Tenant) -> None:
    """A column is computed, the Segment is computed, and a record is filtered out."""
    _, _, config = configs("docs/settings.md")
    rows = [("a", 1000, "NL"), ("b", 10.5, "NL"), ("c", 10, "BE")]
    messages = [
        schema({"key": "string", "lifetime_value": "number", "country": "string"}),
        *(record({"key": key, "lifetime_value": value, "country": country}) for key, value, country in rows),
    ]
    tenant.run(messages, **config, segment_column="selligent_segment", **CREATE).succeeded()
    assert tenant.rows("KEY", "LIFETIME_VALUE") == [["a", 1000 * 1.1], ["b", 10.5 * 1.1]]
    assert tenant.members("vip_customers", "KEY") == ["a"]
    assert tenant.members("standard_customers", "KEY") == ["b"]
