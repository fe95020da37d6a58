"""What we override of the SDK is still there, with the arguments we know, and not final."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from target_selligent.reader import MessageReader
from target_selligent.sink import SelligentSink
from target_selligent.target import TargetSelligent

TARGET = {
    "__init__": "self, *, config, parse_env_config, validate_config, setup_mapper, message_reader",
    "_env_var_config": "cls",
    "_handle_termination": "self, signum, frame",
    "_process_activate_version_message": "self, message_dict",
    "_process_batch_message": "self, message_dict",
    "_process_record_message": "self, message_dict",
    "_process_schema_message": "self, message_dict",
    "_process_state_message": "self, message_dict",
    "_validate_config": "self, *, raise_errors",
    "append_builtin_config": "cls, config_jsonschema",
    "cb_config": "cls, ctx, param, value",
    "get_singer_command": "cls",
    "get_sink": "self, stream_name, *, record, schema, key_properties",
    "invoke": "cls, *, about, about_format, config, file_input",
    "process_endofpipe": "self",
}
SINK = {
    "__init__": "self, target, stream_name, schema, key_properties",
    "_remove_sdc_metadata_from_record": "self, record",
    "_remove_sdc_metadata_from_schema": "self",
    "_singer_validate_message": "self, record",
    "_validate_and_parse": "self, record",
    "activate_version": "self, new_version",
    "get_validator": "self",
    "is_full": "self",
    "preprocess_record": "self, record, context",
    "process_batch": "self, context",
    "process_record": "self, record, context",
}
READER = {
    "__init__": "self",
    "_process_unknown_message": "self, message_dict",
    "assert_line_requires": "line_dict, requires",
    "default_input": "self",
    "deserialize_json": "self, line",
    "process_lines": "self, file_input, callbacks",
}
USED = {
    TargetSelligent: [
        "_assert_line_requires",
        "_assert_sink_exists",
        "_sinks_active",
        "_sinks_to_clear",
        "mapper",
        "max_parallelism",
    ],
    SelligentSink: ["include_sdc_metadata_properties", "record_counter_metric", "validate_schema", "key_properties"],
}
OVERRIDDEN = [
    pytest.param(cls, name, arguments, id=f"{cls.__name__}.{name}")
    for cls, names in ((TargetSelligent, TARGET), (SelligentSink, SINK), (MessageReader, READER))
    for name, arguments in names.items()
]


def sdk_bases(cls: type) -> list[type]:
    """Return the classes of the SDK that a class of ours is made from, nearest first."""
    return [base for base in cls.__mro__[1:] if base.__module__.startswith("singer_sdk")]


def stock(cls: type, name: str) -> Any:
    """Return the function of the SDK that a method of ours stands for."""
    found = next(inspect.getattr_static(base, name) for base in sdk_bases(cls) if name in vars(base))
    found = getattr(found, "__func__", found)
    return getattr(found, "fget", found)


def arguments_of(function: Any) -> str:
    """Return the names of a function's arguments, with `*` before those that are given by name."""
    names: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in names:
            names.append("*")
        names.append(parameter.name)
    return ", ".join(names)


@pytest.mark.parametrize(("cls", "name", "arguments"), OVERRIDDEN)
def test_what_is_overridden_is_as_we_know_it(cls: type, name: str, arguments: str) -> None:
    """The SDK has the method, with these arguments, and does not forbid to override it."""
    function = stock(cls, name)
    assert arguments_of(function) == arguments
    assert "@t.final" not in inspect.getsource(function).partition("def ")[0]


@pytest.mark.parametrize(
    ("cls", "names"),
    [(TargetSelligent, TARGET), (SelligentSink, SINK), (MessageReader, READER)],
    ids=["target", "sink", "reader"],
)
def test_every_override_is_listed(cls: type, names: dict[str, str]) -> None:
    """No method of the SDK is overridden that is not listed here."""
    ours = {
        name
        for name, value in vars(cls).items()
        if inspect.isroutine(value) or isinstance(value, (classmethod, staticmethod, property)) or name in names
    }
    theirs = {name for base in sdk_bases(cls) for name in vars(base)}
    assert (ours & theirs) == set(names)


@pytest.mark.parametrize(
    ("cls", "name"),
    [pytest.param(cls, name, id=f"{cls.__name__}.{name}") for cls, names in USED.items() for name in names],
)
def test_what_is_used_is_there(cls: type, name: str) -> None:
    """Names of the SDK that are used but not overridden are there, in a class or set by its constructor."""
    bases = sdk_bases(cls)
    assert any(hasattr(base, name) or f"self.{name}" in inspect.getsource(base) for base in bases)


def test_only_capabilities_that_do_what_the_sdk_says_are_declared() -> None:
    """`hard_delete` and `process_activate_version_messages` would be second ways to say `deleted_records`."""
    declared = {str(capability) for capability in TargetSelligent.capabilities}
    assert not declared & {"activate-version", "hard-delete", "soft-delete"}
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    TargetSelligent.append_builtin_config(schema)
    promised = {"hard_delete", "soft_delete", "process_activate_version_messages", "load_method"}
    assert not promised & schema["properties"].keys()


def test_state_is_never_left_to_the_sdk() -> None:
    """The SDK's own STATE, printed after any drain, is never set: `drain_all` has none to print."""
    source = inspect.getsource(TargetSelligent)
    assert "_latest_state" not in source
    assert "_latest_state" in inspect.getsource(sdk_bases(TargetSelligent)[0])
