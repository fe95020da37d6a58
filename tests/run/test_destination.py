"""The List and its fields: made where allowed, checked before anything is loaded, errors that name everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

NAMED = [schema({"key": "string", "name_of": "string"}), record({"key": "a", "name_of": "Ann"})]
ALL_KINDS: dict[str, Any] = {
    "key": {"type": "string", "maxLength": 20},
    "text": {"type": ["null", "string"]},
    "long_text": {"type": "string", "maxLength": 4001},
    "whole": {"type": ["integer", "null"]},
    "number": {"anyOf": [{"type": "number"}, {"type": "null"}]},
    "flag": {"type": "boolean"},
    "moment": {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
    "day": {"type": "string", "format": "date"},
    "hour": {"type": "string", "format": "time"},
    "thing": {"type": "object", "properties": {"a": {"type": "integer"}}},
    "things": {"type": "array", "items": {"type": "string"}},
    "whole_or_text": {"type": ["integer", "string"]},
    "anything": {},
}


def test_a_missing_list_is_created_with_typed_fields(tenant: Tenant) -> None:
    """A List that may be created is a Userlist with a field of the right type for each column, all made in one call."""
    run = tenant.run([schema(ALL_KINDS), record({"key": "a"})], create_list_if_not_exists=True).succeeded()
    assert tenant.lists() == {"contacts": "Userlist"}
    assert tenant.fields() == {
        "KEY": "Text(20)",
        "TEXT": "Text(500)",
        "LONG_TEXT": "LongText",
        "WHOLE": "Long",
        "NUMBER": "Float",
        "FLAG": "Boolean",
        "MOMENT": "DateTime",
        "DAY": "Date",
        "HOUR": "Text(500)",
        "THING": "Json",
        "THINGS": "Json",
        "WHOLE_OR_TEXT": "Text(500)",
        "ANYTHING": "LongText",
    }
    calls = tenant.calls()
    assert calls.count("POST") == 1
    assert calls.count("POST /contacts/fields") == 1
    made = calls.index("POST /contacts/fields")
    assert "GET /contacts/fields" in calls[made : calls.index("POST /contacts/data/load")]
    assert "Created List contacts" in run.log


def test_columns_that_a_new_list_has_anyway_are_not_made_again(tenant: Tenant) -> None:
    """A column that is among the fields of every new Userlist fills that field."""
    messages = [schema({"key": "string", "mail": "string"}), record({"key": "a", "mail": "a@example.com"})]
    tenant.run(messages, create_list_if_not_exists=True).succeeded()
    assert tenant.fields() == {"KEY": "Text(500)"}
    assert tenant.rows("KEY", "MAIL") == [["a", "a@example.com"]]


@pytest.mark.parametrize(("length", "wanted"), [(40, "Text(40)"), (4000, "Text(4000)"), (0, "LongText")], ids=str)
def test_the_length_of_text_fields_can_be_set(tenant: Tenant, length: int, wanted: str) -> None:
    """`text_field_length` is the length of new Text fields; 0 asks for unbounded text, but never for a key field."""
    tenant.run(NAMED, create_list_if_not_exists=True, text_field_length=length).succeeded()
    key, *others = tenant.fields().values()
    assert (key, set(others)) == (wanted if length else "Text(500)", {wanted})


def test_a_missing_list_is_an_error(tenant: Tenant) -> None:
    """Where no List may be created, a missing one ends the run with its name and the settings that help."""
    run = tenant.run([*NAMED, state({"a": 1})])
    error_line = run.error_line()
    for word in ("contacts", "list_api_name", "create_list_if_not_exists"):
        assert word in error_line
    assert (run.stdout, tenant.lists()) == ("", {})


def test_missing_fields_are_an_error_that_names_all(tenant: Tenant) -> None:
    """An existing List without some of the fields is left alone, and the message names each of them and a way out."""
    tenant.create_list(KEY="Text(10)")
    columns = {"key": "string", "one": "string", "two": "integer", "seg": "string"}
    messages = [schema(columns), record({"key": "a", "one": "x", "two": 2, "seg": "s"}), state({"a": 1})]
    run = tenant.run(messages, create_list_if_not_exists=True, segment_column="seg", create_segment_if_not_exists=True)
    error_line = run.error_line()
    for word in ("ONE", "one", "TWO", "two", "field_mapping", "contacts", "customers"):
        assert word in error_line
    assert "SEG " not in error_line
    assert (run.stdout, tenant.rows("KEY"), tenant.segments()) == ("", [], {})


def test_the_spelling_of_an_existing_list_wins(tenant: Tenant) -> None:
    """List, field and Segment names are sent as the tenant spells them, whatever the settings say."""
    tenant.create_list("Contacts", CustomerKey="Text(10)", e_Mail="Text(50)")
    tenant.create_segment("Vip", "Contacts")
    messages = [
        schema({"customerkey": "string", "E_MAIL": "string", "seg": "string"}, ["customerkey"]),
        record({"customerkey": "a", "E_MAIL": "a@example.com", "seg": "Vip"}),
    ]
    tenant.run(messages, key_fields="CUSTOMERKEY", segment_column="seg").succeeded()
    (load,) = tenant.requests("/Contacts/data/load")
    assert (load["query"]["keyFields"], load["query"]["fields"]) == ("CustomerKey", "CustomerKey,e_Mail")
    assert tenant.rows("CustomerKey", "e_Mail", list_api_name="Contacts") == [["a", "a@example.com"]]
    assert tenant.members("Vip", "CustomerKey", "Contacts") == ["a"]


@pytest.mark.parametrize(
    ("field", "described", "value", "wanted"),
    [
        ("DateTime", {"type": "string", "format": "date"}, "2026-05-01", "2026-05-01T00:00:00Z"),
        ("Numeric", {"type": "boolean"}, True, 1),
        ("Long", {"type": "boolean"}, False, 0),
        ("Long", {"type": "number"}, 5.0, 5),
        ("Float", {"type": "integer"}, 5, 5),
        ("Boolean", {"type": "integer"}, 1, True),
        ("LongText", {"type": "number"}, 0.5, "0.5"),
        ("Text(30)", {"type": "string", "format": "date-time"}, "2026-05-01 10:15:00", "2026-05-01T10:15:00Z"),
    ],
    ids=str,
)
def test_types_of_an_existing_list_win(
    tenant: Tenant, field: str, described: dict[str, Any], value: object, wanted: object
) -> None:
    """A value is sent as the List's own field wants it, where that loses nothing."""
    tenant.create_list(KEY="Text(10)", VALUE=field)
    messages = [schema({"key": "string", "value": described}), record({"key": "a", "value": value})]
    tenant.run(messages).succeeded()
    ((found,),) = tenant.rows("VALUE")
    assert (found, type(found)) == (wanted, type(wanted))


def test_computed_fields_cannot_be_loaded(tenant: Tenant) -> None:
    """A column whose field the List computes ends the run before anything is loaded."""
    tenant.create_list(KEY="Text(10)", computed=["AGE"])
    run = tenant.run([schema({"key": "string", "age": "string"}), record({"key": "a", "age": "x"})])
    error_line = run.error_line()
    assert "AGE" in error_line
    assert "field_mapping" in error_line
    assert tenant.rows("KEY") == []


def test_a_column_must_not_become_the_record_number(tenant: Tenant) -> None:
    """A column `id` is refused with the line of settings that mends it, and nothing is made; mapped, it is loaded."""
    messages = [schema({"id": "integer"}, ["id"]), record({"id": 7})]
    error_line = tenant.run(messages, create_list_if_not_exists=True).error_line()
    assert 'field_mapping: {"id": "CUSTOMER_IDENTIFIER"}' in error_line
    assert tenant.lists() == {}
    mapping = {"id": "CUSTOMER_IDENTIFIER"}
    tenant.run(messages, create_list_if_not_exists=True, field_mapping=mapping).succeeded()
    assert tenant.rows("CUSTOMER_IDENTIFIER") == [[7]]


def test_the_record_number_can_be_the_key_on_purpose(tenant: Tenant) -> None:
    """A column that is mapped to ID updates the records of these numbers."""
    tenant.create_list(NAME="Text(20)")
    tenant.load_rows("NAME", [["old"], ["older"]])
    messages = [schema({"id": "integer", "name": "string"}, ["id"]), record({"id": 2, "name": "new"})]
    tenant.run(messages, field_mapping={"id": "ID"}, list_data_import_option="OnlyUpdate").succeeded()
    assert tenant.rows("ID", "NAME") == [[1, "old"], [2, "new"]]


def test_columns_that_become_one_field_are_an_error(tenant: Tenant) -> None:
    """Two columns whose fields have the same name end the run with the names of both."""
    error_line = tenant.run([schema({"key": "string", "Key": "string"})], create_list_if_not_exists=True).error_line()
    assert "key, Key" in error_line
    assert "field_mapping" in error_line
    assert tenant.lists() == {}


def test_field_mapping_names_fields_exactly_and_leaves_columns_out(tenant: Tenant) -> None:
    """A mapped column gets its field's exact name, one mapped to null is not sent, others are upper-cased."""
    messages = [
        schema({"key": "string", "firstName": "string", "secret_note": "string"}),
        record({"key": "a", "firstName": "Ann", "secret_note": "x"}),
    ]
    mapping = {"firstName": "First_Name", "secret_note": None}
    tenant.run(messages, create_list_if_not_exists=True, field_mapping=mapping).succeeded()
    assert tenant.fields() == {"KEY": "Text(500)", "First_Name": "Text(500)"}
    assert tenant.rows("KEY", "First_Name") == [["a", "Ann"]]


@pytest.mark.parametrize("name", ["my list", "kontakte-ä", "a/b", "ok%20"], ids=str)
def test_a_list_is_not_created_under_an_impossible_name(tenant: Tenant, name: str) -> None:
    """API names hold letters, digits and underscores: others are refused before a call is made to create them."""
    error_line = tenant.run(NAMED, list_api_name=name, create_list_if_not_exists=True).error_line()
    assert "letters, digits" in error_line
    assert not any(call.startswith("POST") for call in tenant.calls())


def test_a_schema_that_grows_adds_its_fields(tenant: Tenant) -> None:
    """A schema that grows in mid-stream adds fields to the List that the run created, and no older record is lost."""
    messages = [
        schema({"key": "string"}),
        record({"key": "a"}),
        schema({"key": "string", "more": "integer"}),
        record({"key": "b", "more": 2}),
        record({"key": "a", "more": 1}),
    ]
    tenant.run(messages, create_list_if_not_exists=True).succeeded()
    assert tenant.fields() == {"KEY": "Text(500)", "MORE": "Long"}
    assert tenant.rows("KEY", "MORE") == [["a", 1], ["b", 2]]


def test_a_schema_that_grows_is_checked_against_an_existing_list(tenant: Tenant) -> None:
    """A List that the run did not create gets no fields: what came before the new schema is loaded, then it ends."""
    tenant.create_list(KEY="Text(10)")
    messages = [schema({"key": "string"}), record({"key": "a"}), schema({"key": "string", "more": "integer"})]
    error_line = tenant.run([*messages, record({"key": "b", "more": 2})], create_list_if_not_exists=True).error_line()
    assert "MORE" in error_line
    assert tenant.fields() == {"KEY": "Text(10)"}
    assert tenant.rows("KEY") in ([], [["a"]])


def test_the_same_schema_again_changes_nothing(tenant: Tenant) -> None:
    """A SCHEMA that is repeated before each record forces no drain and no further look at the List."""
    message = schema({"key": "string", "number": "integer"})
    messages = [part for row in records("key number", *((str(i), i) for i in range(50))) for part in (message, row)]
    tenant.run(messages, create_list_if_not_exists=True).succeeded()
    calls = tenant.calls()
    assert calls.count("POST /contacts/data/load") == 1
    assert calls.count("GET /contacts/fields") == 2
    assert len(tenant.rows("KEY")) == 50


def test_a_changed_schema_keeps_the_order_of_records(tenant: Tenant) -> None:
    """Of two records of one key under two schemas, the later one is what the List holds."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(10)", OTHER="Text(10)")
    messages = [
        schema({"key": "string", "value": "string"}),
        record({"key": "a", "value": "old"}),
        schema({"key": "string", "value": "string", "other": "string"}),
        record({"key": "a", "value": "new", "other": "x"}),
    ]
    tenant.run(messages).succeeded()
    assert tenant.rows("KEY", "VALUE", "OTHER") == [["a", "new", "x"]]


@pytest.mark.parametrize(
    ("settings", "keys", "wanted"),
    [
        ({"key_fields": "KEY,PART"}, [], "KEY,PART"),
        ({"key_fields": ["part", "key"]}, ["key"], "PART,KEY"),
        ({"key_fields": " Key , PART "}, [], "KEY,PART"),
        ({}, ["key", "part"], "KEY,PART"),
    ],
    ids=["text", "array", "text with blanks", "key properties"],
)
def test_key_fields(tenant: Tenant, settings: dict[str, Any], keys: list[str], wanted: str) -> None:
    """Key fields are given as text or array, in any case, and are else the stream's key properties."""
    tenant.create_list(KEY="Text(10)", PART="Long", NAME_OF="Text(10)")
    columns = {"key": "string", "part": "integer", "name_of": "string"}
    rows = records("key part name_of", ("a", 1, "x"), ("a", 2, "y"), ("a", 1, "z"))
    tenant.run([schema(columns, keys), *rows], **settings).succeeded()
    assert tenant.requests("data/load")[0]["query"]["keyFields"] == wanted
    assert sorted(tenant.rows("KEY", "PART", "NAME_OF")) == [["a", 1, "z"], ["a", 2, "y"]]


@pytest.mark.parametrize(
    ("settings", "keys", "word"),
    [
        ({"key_fields": "NOBODY"}, ["key"], "NOBODY"),
        ({}, [], "key_fields"),
        ({}, ["nobody"], "nobody"),
        ({"field_mapping": {"key": None}}, ["key"], "key_fields"),
        ({"segment_column": "key"}, ["key"], "key_fields"),
        ({"segment_column": "nobody"}, ["key"], "segment_column"),
    ],
    ids=["key field unknown", "no key", "key property unknown", "key not sent", "key is the Segment", "no such column"],
)
def test_keys_and_segment_column_must_be_in_the_schema(
    tenant: Tenant, settings: dict[str, Any], keys: list[str], word: str
) -> None:
    """A key or Segment column that the schema does not have ends the run before anything is made."""
    messages = [schema({"key": "string", "name_of": "string"}, keys), record({"key": "a"})]
    error_line = tenant.run(messages, create_list_if_not_exists=True, **settings).error_line()
    assert word in error_line
    assert "customers" in error_line
    assert tenant.lists() == {}


def test_every_problem_of_a_schema_is_named_at_once(tenant: Tenant) -> None:
    """A schema with several faults is refused with all of them in one line."""
    messages = [schema({"id": "integer", "a": "string", "A": "string"}, ["id"])]
    error_line = tenant.run(messages, create_list_if_not_exists=True, segment_column="none").error_line()
    for word in ('{"id": "CUSTOMER_IDENTIFIER"}', "a, A", "none"):
        assert word in error_line


def test_what_was_just_created_may_take_a_while_to_be_seen(tenant: Tenant) -> None:
    """A List or Segment that answers NotFound right after its creation is waited for."""
    tenant.set_options(unseen_calls=1)
    messages = [schema({"key": "string", "seg": "string"}), record({"key": "a", "seg": "s"})]
    settings: dict[str, Any] = {"segment_column": "seg", "create_segment_if_not_exists": True}
    tenant.run(messages, create_list_if_not_exists=True, **settings).succeeded()
    assert tenant.members("s", "KEY") == ["a"]


def test_streams_may_go_to_lists_of_their_own(tenant: Tenant) -> None:
    """`streams` gives a stream its own List, key, Segment column and mapping; the others keep those of the run."""
    messages = [
        schema({"key": "string", "seg": "string"}),
        schema({"id": "integer", "name_of": "string", "group": "string"}, ["id"], "products"),
        record({"key": "a", "seg": "vip"}),
        record({"id": 1, "name_of": "chair", "group": "wood"}, "products"),
    ]
    products = {
        "list_api_name": "goods",
        "key_fields": "NUMBER",
        "segment_column": "group",
        "field_mapping": {"id": "NUMBER"},
    }
    settings: dict[str, Any] = {"create_list_if_not_exists": True, "create_segment_if_not_exists": True}
    tenant.run(messages, **settings, segment_column="seg", streams={"products": products}).succeeded()
    assert tenant.rows("KEY") == [["a"]]
    assert tenant.rows("NUMBER", "NAME_OF", list_api_name="goods") == [[1, "chair"]]
    assert tenant.members("vip", "KEY") == ["a"]
    assert tenant.members("wood", "NUMBER", "goods") == [1]


def test_two_streams_may_share_a_list(tenant: Tenant) -> None:
    """Streams with empty entries go to the same List, which is created once and gets the fields of both."""
    messages = [
        schema({"key": "string", "one": "string"}, stream="first"),
        schema({"key": "string", "two": "integer"}, stream="second"),
        record({"key": "a", "one": "x"}, "first"),
        record({"key": "a", "two": 2}, "second"),
    ]
    tenant.run(messages, streams={"first": {}, "second": {}}, create_list_if_not_exists=True).succeeded()
    assert tenant.rows("KEY", "ONE", "TWO") == [["a", "x", 2]]
    assert tenant.calls().count("POST") == 1
