"""The records of one key reach the List in the tap's order, whichever stream or kind of record they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import records, schema

if TYPE_CHECKING:
    from tests.support import Tenant

COLUMNS = {"key": "string", "value": "string"}


def test_streams_that_share_a_list_keep_the_order_of_a_key(tenant: Tenant) -> None:
    """A record that waits in one stream's batch is loaded before a later one of its key in another stream's."""
    messages = [
        schema(COLUMNS, stream="first"),
        schema(COLUMNS, stream="second"),
        *records("key value", ("a", "old"), stream="first"),
        *records("key value", ("a", "new"), ("b", "other"), stream="second"),
    ]
    tenant.run(messages, streams={"second": {}}, create_list_if_not_exists=True, batch_size_rows=2).succeeded()
    assert tenant.rows("KEY", "VALUE") == [["a", "new"], ["b", "other"]]
