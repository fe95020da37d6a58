"""Several related Lists in one run: types, relations, and parents before children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import Message, record, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

EVENT = {"event_id": "string", "customer_id": "string", "event_type": "string"}
PERSON = {"customer_id": "string", "email": "string"}
RELATION = {"list": "people", "scope": "EVENTS", "type": "OneToMany", "field": "CUSTOMER_ID"}
SETTINGS: dict[str, Any] = {
    "list_api_name": "people",
    "create_list_if_not_exists": True,
    "streams": {
        "identifies": {"list_type": "Userlist"},
        "tracks": {"list_api_name": "events", "list_type": "Datalist", "relation": RELATION},
    },
}


def person(key: str) -> Message:
    """Return a record of a person."""
    return record({"customer_id": key, "email": f"{key}@example.com"}, "identifies")


def event(key: str, customer: str) -> Message:
    """Return a record of an event."""
    return record({"event_id": key, "customer_id": customer, "event_type": "open"}, "tracks")


def schemas(*names: str) -> list[Message]:
    """Return the SCHEMA messages of streams."""
    known = {
        "identifies": schema(PERSON, ["customer_id"], "identifies"),
        "tracks": schema(EVENT, ["event_id"], "tracks"),
    }
    return [known[name] for name in names]


def loads(tenant: Tenant) -> list[str]:
    """Return the Lists of the last run's loads, in order."""
    return [entry["path"].split("/")[-3] for entry in tenant.requests("/data/load")]


@pytest.mark.parametrize("first", ["identifies", "tracks"])
def test_people_and_events_load_in_one_run(tenant: Tenant, first: str) -> None:
    """Lists of both types and their relation are created; people are loaded first, whatever the tap sends first."""
    second = "tracks" if first == "identifies" else "identifies"
    by_stream = {"identifies": person("p"), "tracks": event("e", "p")}
    content = [*schemas(first), by_stream[first], state({"n": 1}), *schemas(second), by_stream[second], state({"n": 2})]
    run = tenant.run(content, **SETTINGS).succeeded()
    assert tenant.lists() == {"people": "Userlist", "events": "Datalist"}
    assert loads(tenant) == ["people", "events"]
    assert tenant.rows("EVENT_ID", "CUSTOMER_ID", list_api_name="events") == [["e", "p"]]
    found = tenant.call_api("GET", "/lists/people/relations/EVENTS")
    assert (found["relation_type"], found["slave_list_api_name"]) == ("OneToMany", "events")
    assert (found["master_list_field_name"], found["slave_list_field_name"]) == ("CUSTOMER_ID", "CUSTOMER_ID")
    assert run.states[-1] == {"n": 2}
    # A second run finds the relation.
    tenant.run(content, **SETTINGS).succeeded()
    assert not [call for call in tenant.calls() if call == "POST /people/relations"]


def test_many_batches_of_alternating_streams(tenant: Tenant) -> None:
    """All batches of people are loaded before the first of events; of a key, the last record counts."""
    content = schemas("identifies", "tracks")
    for index in range(40):
        content += [event(f"e{index % 30}", f"p{index}"), person(f"p{index}")]
    tenant.run([*content, state({"n": 1})], **SETTINGS, batch_size_rows=7).succeeded()
    assert loads(tenant) == sorted(loads(tenant), reverse=True)
    assert len(tenant.rows("CUSTOMER_ID", list_api_name="people")) == 40
    found = dict(tenant.rows("EVENT_ID", "CUSTOMER_ID", list_api_name="events"))
    assert found == {f"e{index % 30}": f"p{index}" for index in range(40)}


def test_events_wait_with_their_segments(tenant: Tenant) -> None:
    """A waiting batch keeps the Segments of its records; a STATE that covers it is printed after it."""
    streams = {**SETTINGS["streams"], "tracks": {**SETTINGS["streams"]["tracks"], "segment": "opened"}}
    content = [*schemas("identifies", "tracks"), person("p"), event("e", "p"), state({"n": 1})]
    settings: dict[str, Any] = {**SETTINGS, "streams": streams, "create_segment_if_not_exists": True}
    assert tenant.run(content, **settings).succeeded().states == [{"n": 1}]
    assert tenant.members("opened", "EVENT_ID", "events") == ["e"]


def test_events_are_not_loaded_if_people_fail(tenant: Tenant) -> None:
    """If loading the parent fails, the run fails, no child is loaded, and no STATE that covers children is printed."""
    tenant.add_fault("status", status=400, path="lists/people/data/load")
    content = [*schemas("tracks", "identifies"), event("e", "p"), person("p"), state({"n": 1})]
    run = tenant.run(content, **SETTINGS)
    run.error_line()
    assert run.states == []
    assert tenant.rows("EVENT_ID", list_api_name="events") == []


def test_events_are_not_loaded_if_nobody_is(tenant: Tenant) -> None:
    """If all records of the parent are rejected, the run fails before it loads a child."""
    content = [*schemas("tracks", "identifies"), event("e", "p"), record({"customer_id": None}, "identifies")]
    run = tenant.run([*content, state({"n": 1})], **SETTINGS)
    assert "none of the 1 records of stream identifies" in run.error_line()
    assert run.states == []
    assert tenant.rows("EVENT_ID", list_api_name="events") == []


def test_input_that_breaks_off_leaves_events_to_the_next_run(tenant: Tenant) -> None:
    """Waiting rows are loaded only at the end of whole input; the STATE before them is printed."""
    content = [*schemas("identifies", "tracks"), person("p"), state({"n": 1}), event("e", "p"), state({"n": 2})]
    run = tenant.run([*content, {"type": "?"}], **SETTINGS)
    run.error_line()
    assert run.states == [{"n": 1}]
    assert any("because the run was cut short (List events)" in line for line in run.log)
    tenant.run([*schemas("tracks"), event("e", "p"), state({"n": 2})], **SETTINGS).succeeded()
    assert tenant.rows("EVENT_ID", list_api_name="events") == [["e"]]


def test_events_load_at_once_if_the_run_loads_no_people(tenant: Tenant) -> None:
    """If no stream goes to the parent List, rows do not wait; the relation is made if the List exists."""
    settings: dict[str, Any] = {"create_list_if_not_exists": True, "list_api_name": "events", "relation": RELATION}
    content = [*schemas("tracks"), event("e", "p"), state({"n": 1})]
    run = tenant.run(content, **settings)
    assert "stream tracks: List people, which relation names, does not exist" in run.error_line()
    assert tenant.rows("EVENT_ID", list_api_name="events") == []
    tenant.create_list("people", CUSTOMER_ID="Text(500)")
    run = tenant.run(content, **settings).succeeded()
    assert not any("wait until" in line for line in run.log)
    assert tenant.rows("EVENT_ID", list_api_name="events") == [["e"]]
    assert len(tenant.call_api("GET", "/lists/people/relations")["relations"]) == 1


def test_a_parent_that_never_came_ends_the_run(tenant: Tenant) -> None:
    """If a stream could have created the parent and did not come, the run fails and loads no child."""
    run = tenant.run([*schemas("tracks"), event("e", "p"), state({"n": 1})], **SETTINGS)
    assert "List people, which relation names, does not exist" in run.error_line()
    assert run.states == []
    assert tenant.rows("EVENT_ID", list_api_name="events") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"field": "NOPE"}, "relation names field NOPE, which List events does not have"),
        ({"related_field": "NOPE"}, "List people has no field NOPE"),
        ({"scope": "OTHER"}, "List people has another relation with the scope OTHER"),
    ],
    ids=["field", "related field", "scope"],
)
def test_what_does_not_fit_is_named_before_the_first_record(
    tenant: Tenant, changes: dict[str, str], words: str
) -> None:
    """An unknown field, or a scope that stands for another relation, ends the run before it loads."""
    tenant.create_list("people", CUSTOMER_ID="Text(500)", EMAIL="Text(500)")
    tenant.create_list("clicks", CUSTOMER_ID="Text(500)")
    other = {
        "scope": "OTHER",
        "type": "OneToMany",
        "masterlist_field_name": "CUSTOMER_ID",
        "slavelist_api_name": "clicks",
        "slavelist_field_name": "CUSTOMER_ID",
    }
    tenant.call_api("POST", "/lists/people/relations", json={"relations": [other]})
    settings: dict[str, Any] = {
        "create_list_if_not_exists": True,
        "list_api_name": "events",
        "relation": {**RELATION, **changes},
    }
    assert words in tenant.run([*schemas("tracks"), event("e", "p")], **settings).error_line()
    assert tenant.rows("EVENT_ID", list_api_name="events") == []


def test_a_list_of_another_type_keeps_it(tenant: Tenant) -> None:
    """An existing List is loaded, and a warning says that its type is another one."""
    tenant.create_list("people", CUSTOMER_ID="Text(500)", EMAIL="Text(500)")
    settings: dict[str, Any] = {"list_api_name": "people", "list_type": "Userlist"}
    run = tenant.run([*schemas("identifies"), person("p")], **settings).succeeded()
    assert any("List people is a Datalist, not a Userlist" in line for line in run.log)
