"""Mirrors that cannot compare members: those without a key, those of other keys, and those of whom nothing came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

SCHEMA = schema({"key": "string", "seg": {}, "action": {}})
DONE = state({"done": 1})


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List of contacts, five of whom are in Segment vip."""
    tenant.create_list(KEY="Text(50)", N="Long")
    tenant.create_segment("vip")
    tenant.load_rows("KEY", [[key] for key in "abcdefgh"])
    tenant.add_members("vip", "KEY", list("abcde"))
    return tenant


@pytest.mark.parametrize("settings", [{"segment_data_import_option": "mirror"}, {"deleted_records": "delete"}], ids=str)
def test_members_without_a_key(contacts: Tenant, settings: dict[str, Any]) -> None:
    """No null is sent to remove them, the others leave, and the run that could not remove them is not green."""
    contacts.load_rows("N", [[1], [2]])
    contacts.add_members("vip", "N", [1, 2])
    versions = [{**message, "version": 2} for message in records("key seg", *((key, "vip") for key in "abcdfgh"))]
    activate = {"type": "ACTIVATE_VERSION", "stream": "customers", "version": 2}
    done = contacts.run(
        [SCHEMA, *versions, activate, DONE], segment_column="seg", field_mapping={"action": None}, **settings
    )
    assert "2 members or records could not be removed" in done.error_line()
    assert any("have no value in KEY, so they cannot be removed by it and stay" in line for line in done.log)
    removed = contacts.writes("segment_delete") + contacts.writes("list_delete")
    assert [write["keys"] for write in removed] == [[["e"]]]


@pytest.mark.parametrize("options", [("mirror", "append"), ("append", "mirror"), ("mirror", "mirror")], ids=str)
def test_a_mirror_beside_a_stream_with_other_keys(contacts: Tenant, options: tuple[str, str]) -> None:
    """The keys of two streams of one Segment cannot be compared: nobody leaves whom the other stream has named."""
    contacts.load_rows("KEY,N", [["g", 1], ["h", 2]])
    people, visitors = (schema({key: "string", "seg": "string"}, [key], key) for key in ("key", "n"))
    named = [*records("key seg", ("a", "vip"), stream="key"), *records("n seg", (1, "VIP"), stream="n")]
    streams = {name: {"segment_data_import_option": option} for name, option in zip(("key", "n"), options, strict=True)}
    visitors["schema"]["properties"]["n"]["type"] = ["integer"]
    content = [people, visitors, *named, DONE]
    done = contacts.run(content, segment_column="seg", max_removals="100%", streams=streams)
    assert "use the same key_fields or other Segments" in done.error_line()
    assert done.states == []
    assert contacts.members("vip", "KEY") == list("abcdeg")


@pytest.mark.parametrize("content", [[], [DONE]], ids=["nothing", "a STATE"])
def test_a_mirror_without_a_stream_fails(contacts: Tenant, content: list[Any]) -> None:
    """A tap that sends nothing has not said who stays."""
    done = contacts.run(content, segment="vip", segment_data_import_option="mirror")
    assert "nobody was removed: streams are mirrored, but the run read no stream" in done.error_line()
    assert contacts.members("vip", "KEY") == list("abcde")


@pytest.mark.parametrize("deletes", [False, True], ids=["mirror", "deleted records"])
def test_mirrored_segments_have_the_style_of_names(contacts: Tenant, *, deletes: bool) -> None:
    """They are named as in the records. One that does not exist is named in a warning, not passed over."""
    contacts.create_segment("New_members")
    contacts.add_members("New_members", "KEY", list("ag"))
    names: dict[str, Any] = {"segment_name_style": "underscore", "mirrored_segments": ["New members", "Old members"]}
    kind: dict[str, Any] = (
        {"deleted_records": "leave_segments"} if deletes else {"segment_data_import_option": "mirror"}
    )
    gone = [{"type": "RECORD", "stream": "customers", "record": {"key": "g", "_sdc_deleted_at": "2026-01-01"}}]
    content = [SCHEMA, *records("key seg", *((key, "vip") for key in "abcde")), *(gone if deletes else []), DONE]
    ignored = {"action": None}
    done = contacts.run(content, segment_column="seg", field_mapping=ignored, **names, **kind).succeeded()
    assert contacts.members("New_members", "KEY") == (["a"] if deletes else [])
    warned = [line for line in done.log if line.startswith("mirrored_segments")]
    assert warned == [
        "mirrored_segments of stream customers names Segment Old_members, which List contacts does not have"
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"KEY": "x"}, "KEY, which is a key field"),
        ({"N": "many"}, "N in removal_fields is no number, and the field is Long"),
        ({"SINCE": "soon"}, "SINCE in removal_fields is no date"),
        ({"NOTE": "too long"}, "NOTE in removal_fields is longer than Text(3)"),
        ({"OPTOUT": 0}, "would subscribe everybody again"),
        ({"optout": None}, "would subscribe everybody again"),
    ],
    ids=str,
)
def test_removal_fields_are_checked_before_anything_is_loaded(
    contacts: Tenant, fields: dict[str, Any], words: str
) -> None:
    """Else they would be refused at the end, when everybody else is loaded; nobody is subscribed again by leaving."""
    new = [{"name": "SINCE", "data_type": "Date"}, {"name": "NOTE", "data_type": "Text", "length": 3}]
    contacts.call_api(
        "POST", "/lists/contacts/fields", json={"fields": [*new, {"name": "OPTOUT", "data_type": "Long"}]}
    )
    content = [SCHEMA, *records("key seg", ("x", "vip")), DONE]
    options: dict[str, Any] = {"segment_data_import_option": "mirror", "removal_fields": fields}
    done = contacts.run(content, segment_column="seg", field_mapping={"action": None}, **options)
    assert words in done.error_line()
    assert len(contacts.rows("KEY")) == 8
