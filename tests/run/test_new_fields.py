"""Fields that a run adds to a List that exists: with which settings, of which type and name, and what is said."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, schema, state
from tests.support.command import run_target

if TYPE_CHECKING:
    from tests.support import Tenant
    from tests.support.command import FinishedRun

COLUMNS = {"key": "string", "age": "integer", "city": "string"}
PERSON = {"key": "a", "age": 41, "city": "Gent"}
PEOPLE = [schema(COLUMNS), record(PERSON), state({"at": 1})]


def warnings(run: FinishedRun) -> list[str]:
    """Return the warnings of a run about types of fields, and about names that no column became."""
    return [line for line in run.log if "field_types" in line]


def test_missing_fields_are_added_to_a_list_that_exists(tenant: Tenant) -> None:
    """In one call, and read back before anything is loaded; the next run adds none."""
    tenant.create_list(KEY="Text(10)")
    run = tenant.run(PEOPLE, create_fields_if_not_exist=True).succeeded()
    assert run.states == [{"at": 1}]
    assert tenant.fields() == {"KEY": "Text(10)", "AGE": "Long", "CITY": "Text(500)"}
    assert tenant.rows("KEY", "AGE", "CITY") == [["a", 41, "Gent"]]
    calls = tenant.calls()
    made = calls.index("POST /contacts/fields")
    assert "GET /contacts/fields" in calls[made : calls.index("POST /contacts/data/load")]
    tenant.run(PEOPLE, create_fields_if_not_exist=True).succeeded()
    assert "POST /contacts/fields" not in tenant.calls()


def test_a_field_in_another_case_is_the_same_field(tenant: Tenant) -> None:
    """It is filled, and only what is missing is added."""
    tenant.create_list(Key="Text(10)", Age="Long")
    tenant.run(PEOPLE, create_fields_if_not_exist=True).succeeded()
    assert tenant.fields() == {"Key": "Text(10)", "Age": "Long", "CITY": "Text(500)"}
    assert tenant.rows("Age") == [[41]]


def test_a_schema_that_grows_adds_fields(tenant: Tenant) -> None:
    """Records before it are loaded first, with the fields that they have."""
    tenant.create_list(KEY="Text(10)")
    messages = [schema({"key": "string"}), record({"key": "b"}), schema(COLUMNS), record(PERSON)]
    tenant.run(messages, create_fields_if_not_exist=True).succeeded()
    assert sorted(tenant.rows("KEY", "CITY")) == [["a", "Gent"], ["b", None]]


def test_a_missing_list_is_not_created(tenant: Tenant) -> None:
    """That is the other setting."""
    assert "create_list_if_not_exists" in tenant.run(PEOPLE, create_fields_if_not_exist=True).error_line()
    assert tenant.lists() == {}


def test_one_stream_may_add_fields(tenant: Tenant) -> None:
    """The setting of a stream wins; the List of another stream stays as it is."""
    tenant.create_list(KEY="Text(10)")
    tenant.create_list("orders", KEY="Text(10)")
    messages = [*PEOPLE, schema({"key": "string", "total": "number"}, stream="orders")]
    streams = {"customers": {"create_fields_if_not_exist": True}, "orders": {"list_api_name": "orders"}}
    error_line = tenant.run(messages, streams=streams).error_line()
    for word in ("stream orders", "TOTAL", "create_fields_if_not_exist"):
        assert word in error_line
    assert (tenant.fields("orders"), len(tenant.fields())) == ({"KEY": "Text(10)"}, 3)


def test_two_runs_that_add_the_same_fields_both_succeed(tenant: Tenant) -> None:
    """Each run has a field of its own, too, which is not lost."""
    tenant.create_list(KEY="Text(10)")
    tenant.add_fault("delay", path="/fields", method="GET", seconds=1, times=2)
    done: list[FinishedRun] = []

    def run(column: str) -> None:
        messages = [schema({**COLUMNS, column: "string"}), record({**PERSON, column: column})]
        done.append(run_target(tenant.config(create_fields_if_not_exist=True), messages))

    threads = [threading.Thread(target=run, args=(column,)) for column in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for finished in done:
        finished.succeeded()
    assert set(tenant.fields()) == {"KEY", "AGE", "CITY", "ONE", "TWO"}
    assert tenant.rows("ONE", "TWO") == [["one", "two"]]


def test_fields_are_created_with_the_types_that_are_set(tenant: Tenant) -> None:
    """By their names in any case; values are sent as the type needs them."""
    tenant.create_list(KEY="Text(10)")
    types = {"age": "Text(3)", "CITY": "longtext"}
    run = tenant.run(PEOPLE, create_fields_if_not_exist=True, field_types=types).succeeded()
    assert tenant.fields() == {"KEY": "Text(10)", "AGE": "Text(3)", "CITY": "LongText"}
    assert tenant.rows("AGE") == [["41"]]
    assert warnings(run) == []


def test_types_of_a_new_list_and_of_one_stream(tenant: Tenant) -> None:
    """A stream adds to the types of the run, and takes one away with null."""
    streams = {"customers": {"field_types": {"AGE": "Numeric", "city": None}}}
    settings: dict[str, Any] = {
        "field_types": {"age": "Text(3)", "CITY": "Text(9)", "KEY": "Text(7)"},
        "streams": streams,
    }
    tenant.run(PEOPLE, create_list_if_not_exists=True, **settings).succeeded()
    assert tenant.fields() == {"KEY": "Text(7)", "AGE": "Numeric", "CITY": "Text(500)"}


def test_a_field_that_exists_keeps_its_type(tenant: Tenant) -> None:
    """This is said once, although the schema comes twice, and values are sent as the real type needs them."""
    tenant.create_list(KEY="Text(10)", Age="Text(5)", CITY="Text(30)")
    again = schema({**COLUMNS, "more": "string"})
    types = {"AGE": "Long", "CITY": "Text(30)"}
    run = tenant.run([*PEOPLE, again], create_fields_if_not_exist=True, field_types=types).succeeded()
    assert warnings(run) == [
        "Field Age of List contacts is Text(5), not Long: field_types says only what is created, a field keeps its type"
    ]
    assert tenant.rows("AGE") == [["41"]]


def test_types_of_fields_that_never_came_are_named(tenant: Tenant) -> None:
    """With the most similar field."""
    tenant.create_list(KEY="Text(10)", AGE="Long", CITY="Text(30)")
    streams = {"customers": {"field_types": {"CITTY": "Text(9)", "zzz": "Long"}}}
    run = tenant.run(PEOPLE, field_types={"AEG": "Long", "key": "Text(10)"}, streams=streams).succeeded()
    assert warnings(run) == [
        "field_types names field AEG, which no column becomes: did you mean AGE?",
        "field_types of stream customers names field CITTY, which no column becomes: did you mean CITY?",
        "field_types of stream customers names field zzz, which no column becomes",
    ]


@pytest.mark.parametrize(
    ("types", "words"),
    [
        ({"AGE": "Int"}, "Int is not one of the types"),
        ({"AGE": "Text(5000)"}, "from 1 to 4000"),
        ({"AGE": "Text"}, "Text needs a length"),
        ({"AGE": "Long", "age": "Text(4)"}, "AGE and age"),
    ],
    ids=str,
)
def test_wrong_types_end_the_run_before_the_first_call(tenant: Tenant, types: dict[str, str], words: str) -> None:
    """The message names the field and what is wrong."""
    run = tenant.run(PEOPLE, field_types=types)
    (problem,) = warnings(run)
    assert "AGE" in problem
    assert words in problem
    assert (run.returncode, tenant.calls()) == (2, [])


def test_a_key_field_must_fit_an_index(tenant: Tenant) -> None:
    """A type that no index can cover ends the run before anything is created."""
    error_line = tenant.run(PEOPLE, create_list_if_not_exists=True, field_types={"KEY": "LongText"}).error_line()
    assert "key field KEY cannot be LongText" in error_line
    assert tenant.lists() == {}


def said_of_mail(run: FinishedRun) -> list[str]:
    """Return what a run says about fields that the List has already."""
    return [line for line in run.log if "beside" in line]


@pytest.mark.parametrize("column", ["email", "E_Mail", "emailAddress"])
def test_a_column_beside_mail_is_named(tenant: Tenant, column: str) -> None:
    """With the line of settings that puts it into MAIL."""
    messages = [schema({"key": "string", column: "string"}), record({"key": "a", column: "a@example.com"})]
    run = tenant.run(messages, create_list_if_not_exists=True).succeeded()
    (said,) = said_of_mail(run)
    assert said.startswith(f"Column {column} of stream customers becomes a new field beside MAIL, which List contacts")
    assert said.endswith(f'set field_mapping: {{"{column}": "MAIL"}}')
    assert said_of_mail(tenant.run(messages, create_list_if_not_exists=True).succeeded()) == []


@pytest.mark.parametrize(
    ("columns", "settings"),
    [
        (["email"], {"field_mapping": {"email": "MAIL"}}),
        (["email", "mail"], {}),
        (["email"], {"field_mapping": {"email": "SECOND_MAIL"}}),
        (["email"], {"list_type": "Datalist"}),
        (["mail"], {}),
    ],
    ids=str,
)
def test_nothing_is_said_if_mail_is_meant(tenant: Tenant, columns: list[str], settings: dict[str, Any]) -> None:
    """Where the column is mapped, MAIL is filled by another column, or the List has no MAIL."""
    messages = [schema({"key": "string", **dict.fromkeys(columns, "string")}), record({"key": "a"})]
    assert said_of_mail(tenant.run(messages, create_list_if_not_exists=True, **settings).succeeded()) == []


def test_a_missing_field_beside_mail_is_an_error_with_the_mapping(tenant: Tenant) -> None:
    """The message about missing fields has the line of settings."""
    tenant.run([schema({"key": "string"}), record({"key": "a"})], create_list_if_not_exists=True).succeeded()
    messages = [schema({"key": "string", "email": "string"}), record({"key": "a", "email": "a@example.com"})]
    error_line = tenant.run(messages).error_line()
    assert 'field_mapping (such as {"email": "MAIL"})' in error_line


@pytest.mark.parametrize(("case", "wanted"), [("upper", "FIRSTNAME"), ("as_is", "firstName")])
def test_the_case_of_new_fields(tenant: Tenant, case: str, wanted: str) -> None:
    """Of columns that are not mapped; a field of the List in another case is filled."""
    tenant.create_list(KEY="Text(10)")
    messages = [
        schema({"key": "string", "firstName": "string", "own": "string"}),
        record({"key": "a", "firstName": "Ann", "own": "x"}),
    ]
    settings: dict[str, Any] = {"create_fields_if_not_exist": True, "field_mapping": {"own": "Own_Name"}}
    tenant.run(messages, field_name_case=case, **settings).succeeded()
    assert set(tenant.fields()) == {"KEY", wanted, "Own_Name"}
    assert tenant.rows("KEY", wanted, "Own_Name") == [["a", "Ann", "x"]]


def test_the_case_of_one_stream(tenant: Tenant) -> None:
    """A stream has a case of its own."""
    messages = [schema({"key": "string"}), record({"key": "a"})]
    streams = {"customers": {"field_name_case": "as_is"}}
    tenant.run(messages, create_list_if_not_exists=True, streams=streams).succeeded()
    assert tenant.fields() == {"key": "Text(500)"}
