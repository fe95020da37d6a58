"""Names that do not fit: what exists instead is in the message, and nothing is made before."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, schema

if TYPE_CHECKING:
    from tests.support import Tenant


def test_a_column_that_cannot_be_a_field_is_named_before_anything_is_made(tenant: Tenant) -> None:
    """A List is not created for a stream with such a column; the message has the mapping that mends it."""
    messages = [schema({"key": "string", "first name": "string"}), record({"key": "a", "first name": "Ann"})]
    error_line = tenant.run(messages, create_list_if_not_exists=True).error_line()
    assert "FIRST NAME (column first name)" in error_line
    assert 'field_mapping: {"first name": "FIRST_NAME"}' in error_line
    assert tenant.lists() == {}
    mapping = {"first name": "FIRST_NAME"}
    tenant.run(messages, create_list_if_not_exists=True, field_mapping=mapping).succeeded()
    assert tenant.rows("KEY", "FIRST_NAME") == [["a", "Ann"]]


def test_a_column_without_a_field_is_told_which_there_are(tenant: Tenant) -> None:
    """The message for a column that has no field names the List's fields, those most like it first."""
    tenant.create_list(KEY="Text(9)", AGE="Long", FIRST_NAME="Text(9)")
    error_line = tenant.run([schema({"key": "string", "firstname": "string"})]).error_line()
    assert "FIRSTNAME (column firstname)" in error_line
    assert "the List has: FIRST_NAME, " in error_line


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"key_fields": "CUSTOMERID"}, "it has: CUSTOMER_ID, "),
        ({"segment_column": "segmnt"}, "which has: segment, "),
    ],
    ids=["key", "segment"],
)
def test_a_setting_that_names_no_column_is_told_which_there_are(
    tenant: Tenant, settings: dict[str, Any], words: str
) -> None:
    """The message for a key field or a segment column that does not exist names those that do."""
    described = schema({"age": "integer", "customer_id": "string", "segment": "string"}, keys=["customer_id"])
    assert words in tenant.run([described], create_list_if_not_exists=True, **settings).error_line()


@pytest.mark.skipif(find_spec("faker") is not None, reason="it is about what is said where Faker is not installed")
@pytest.mark.parametrize(
    "settings",
    [{"faker_config": {"seed": "1"}}, {"stream_maps": {"customers": {"name": "fake.name()"}}}],
    ids=["setting", "expression"],
)
def test_faker_that_is_not_installed_is_named(tenant: Tenant, settings: dict[str, Any]) -> None:
    """A config that makes values up ends in one line that says what to install, before anything is read."""
    run = tenant.run([schema({"key": "string", "name": "string"})], **settings)
    assert run.returncode == 2
    assert "pip install 'target-selligent[faker]'" in run.stderr
    assert "Traceback" not in run.stderr
    assert tenant.calls() == []
