"""What to do about rejected records, by the code of their fault. Pure; no I/O."""

from __future__ import annotations

_BY_CODE = {
    "schema": "Correct the value at the source, or the SCHEMA of the tap. Then replay.",
    "missing_key": "Fill the key at the source, or name another key in key_fields. Then replay.",
    "no_segment": "Name a Segment at the source, or set records_without_segment to list_only. Then replay.",
    "not_in_list": "Load the record into its List first, for example by a run with load_list true. Then replay.",
    "bad_action": "Correct the value at the source, or give it a meaning in action_values. Then replay.",
    "bad_segment": "Correct the name of the Segment at the source. Then replay.",
    "invalid_value": "Correct the value at the source, or load the column into another field. Then replay.",
    "invalid_text": "Correct the encoding of the text at the source. Then replay.",
    "invalid_type": "Let the program give a value that JSON knows. Then replay.",
    "bad_row": "Correct the row in the file. Then load the file again, or replay.",
    "null_optout": "Fill OPTOUT at the source, or leave the column out with field_mapping. Then replay.",
    "stream_map": "Correct the expression in stream_maps. Then replay.",
    "too_large": "Shorten the record at the source, or raise max_request_bytes. Then replay.",
    "newer": "Nothing: it is loaded. A replay of the file ends with it.",
}
_OTHER = "See what Selligent says of it. Correct the value at the source, or the field in Selligent. Then replay."


def how_to_mend(code: str) -> str:
    """Return what to do about records that were rejected with a code, in the words of a user.

    Args:
        code: The code of the target, or one of Selligent's.
    """
    return _BY_CODE.get(code, _OTHER)
