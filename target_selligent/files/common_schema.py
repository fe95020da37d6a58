"""The schema that several files have in common, so that they can be loaded as one stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_selligent.errors import InputError
from target_selligent.files.json_lines import describe_types

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_selligent.files.data_file import DataFile


def read_common_schema(files: Sequence[DataFile], format_name: str, stream: str) -> Mapping[str, Any]:
    """Return the JSON Schema of the records of files.

    Files with lines of JSON are read as a whole, because each line may have other columns and types. The schema has
    all of them. Other files say in their head what they have, and must have the same.

    Args:
        files: At least one file.
        format_name: The format of all of them.
        stream: The name of the stream, for messages.

    Raises:
        InputError: If a file cannot be read, or if the files have different columns.
    """
    if format_name == "jsonl":
        types: dict[str, set[str]] = {}
        for file in files:
            file.find_types(types)
        return describe_types(types)
    first, *others = files
    schema = first.read_schema(stream)
    known = schema["properties"]
    for file in others:
        properties = file.read_schema(stream)["properties"]
        names = sorted(name for name in {*known, *properties} if known.get(name) != properties.get(name))
        if names:
            raise InputError(
                f"file {file.name} has other columns than {first.name} ({', '.join(names)}): load it by itself, or "
                "with those that are like it"
            )
    return schema
