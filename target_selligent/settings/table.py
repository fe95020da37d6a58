"""The table of settings: the only place where the name, type, default and description of a setting are written.

The SDK's config schema is created from it. So are the table in `docs/settings.md`, `meltano.yml` and `.env.example`
(`scripts/generate_docs.py`); a test checks that they are up to date. The names, defaults and meanings up to
`skip_invalid_records` are those of Treasure AI's Selligent export
(https://docs.treasure.ai/int/selligent-export-integration), so its users can use their settings here.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["string", "integer", "boolean", "object", "names", "limit", "streams"]

MAX_TEXT_LENGTH = 4000
"""Maximum length of a `Text` field, in characters. A longer field is a `LongText` field."""


@dataclass(frozen=True, slots=True)
class SettingDefinition:
    """One setting, as users see it.

    Args:
        name: The key in the config.
        kind: The type of the value. `names` is comma-separated text or an array of strings, `limit` is a number or a
            percentage, and `streams` is an object with settings for each stream.
        title: Two or three words.
        description: What it does, as one or more sentences.
        default: The value if the config has none.
        required: Whether the config must have it.
        secret: Whether it must never be shown.
        options: All allowed values; empty if any value of the kind is allowed.
        minimum: The smallest allowed integer.
        maximum: The largest allowed integer.
    """

    name: str
    kind: Kind
    title: str
    description: str
    default: Any = None
    required: bool = False
    secret: bool = False
    options: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None

    def to_json_schema(self) -> dict[str, Any]:
        """Return the setting as a property of a JSON Schema, as the SDK needs it."""
        types = {"names": ["string", "array"], "limit": ["string", "integer"], "streams": ["object"]}.get(
            self.kind, [self.kind]
        )
        if not self.required:
            types = [*types, "null"]
        schema: dict[str, Any] = {"type": types, "title": self.title, "description": self.description}
        if self.kind == "names":
            schema["items"] = {"type": "string"}
        if self.kind == "streams":
            schema["additionalProperties"] = {"type": "object"}
        if self.kind == "object":
            schema["additionalProperties"] = {"type": ["string", "null"]}
        if self.options:
            schema["enum"] = [*self.options, *([] if self.required else [None])]
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        if self.default is not None:
            schema["default"] = self.default
        if self.secret:
            schema |= {"secret": True, "writeOnly": True}
        return schema

    def find_problem(self, value: object) -> str | None:
        """Return what is wrong with a value, without repeating the value; None if it is valid.

        Args:
            value: The value in a config; not None.
        """
        expected, fits = {
            "string": ("text", isinstance(value, str)),
            "integer": ("a whole number", isinstance(value, int) and not isinstance(value, bool)),
            "boolean": ("true or false", isinstance(value, bool)),
            "object": ("an object", isinstance(value, dict)),
            "streams": (
                "an object of objects",
                isinstance(value, dict) and all(isinstance(own, dict) for own in value.values()),
            ),
            "limit": ("a number or a percentage", isinstance(value, (str, int)) and not isinstance(value, bool)),
            "names": (
                "comma-separated names or an array of names",
                isinstance(value, str) or (isinstance(value, list) and all(isinstance(name, str) for name in value)),
            ),
        }[self.kind]
        if not fits:
            return f"{self.name} must be {expected}"
        if self.options and value not in self.options:
            near = difflib.get_close_matches(str(value), self.options, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            return f"{self.name} must be one of {', '.join(self.options)}{hint}"
        if self.minimum is not None and isinstance(value, int) and value < self.minimum:
            return f"{self.name} must be at least {self.minimum}"
        if self.maximum is not None and isinstance(value, int) and value > self.maximum:
            return f"{self.name} must be at most {self.maximum}"
        if self.required and isinstance(value, str) and not value.strip():
            return f"{self.name} must not be blank"
        return None


SETTINGS: tuple[SettingDefinition, ...] = (
    SettingDefinition(
        "base_url",
        "string",
        "Base URL",
        "Address of the Selligent instance, such as `https://customer.slgnt.eu` (EU) or "
        "`https://customer.slgnt.us` (US).",
        required=True,
    ),
    SettingDefinition(
        "api_key", "string", "API key", "API key of the Selligent service account.", required=True, secret=True
    ),
    SettingDefinition(
        "api_secret",
        "string",
        "API secret",
        "API secret of the Selligent service account.",
        required=True,
        secret=True,
    ),
    SettingDefinition(
        "organization", "string", "Organization", "Selligent organization, as in the API's URLs.", required=True
    ),
    SettingDefinition(
        "list_api_name",
        "string",
        "List API name",
        "API name of the master List that stores the records.",
        required=True,
    ),
    SettingDefinition(
        "create_list_if_not_exists",
        "boolean",
        "Create the List",
        "Create the List and its fields if the List does not exist.",
        default=False,
    ),
    SettingDefinition(
        "list_data_import_option",
        "string",
        "List import option",
        "What a List load does: insert new records and update existing ones, only insert, or only update.",
        default="InsertAndUpdate",
        options=("InsertAndUpdate", "OnlyInsert", "OnlyUpdate"),
    ),
    SettingDefinition(
        "segment_column",
        "string",
        "Segment column",
        "Column with the API name of the record's Segment, or an array of API names. It is never sent as a field. "
        "If it is null or blank, the record is not loaded into the List either, unless `records_without_segment` is "
        "`list_only`. Without this setting, only the List is loaded.",
    ),
    SettingDefinition(
        "create_segment_if_not_exists",
        "boolean",
        "Create Segments",
        "Create a static Segment if a record names one that does not exist.",
        default=False,
    ),
    SettingDefinition(
        "segment_data_import_option",
        "string",
        "Segment import option",
        "`append` adds members to a Segment and keeps the existing ones. `replace` clears each Segment once in a run, "
        "before its first load.",
        default="append",
        options=("append", "replace"),
    ),
    SettingDefinition(
        "key_fields",
        "names",
        "Key fields",
        "Fields that identify a record, comma-separated or as an array, such as `CUSTOMER_IDENTIFIER`. "
        "Without this setting, the key properties of the stream.",
    ),
    SettingDefinition(
        "deduplication",
        "string",
        "Deduplication",
        "Which record counts if several records of a run have the same key: the last or the first.",
        default="ImportLastMatch",
        options=("ImportLastMatch", "ImportFirstMatch"),
    ),
    SettingDefinition(
        "key_comparison",
        "string",
        "Key comparison",
        "When two keys are the same for `deduplication`. `ignore_case`: differences in case and trailing blanks do not "
        "count, as in SQL Server by default. `exact`: every character counts. The records are loaded in their order "
        "with both.",
        default="ignore_case",
        options=("ignore_case", "exact"),
    ),
    SettingDefinition(
        "error_handling",
        "string",
        "Error handling",
        "What happens if Selligent refuses a record: the load continues with the next record, or it stops and the run "
        "fails.",
        default="ContinueOnError",
        options=("ContinueOnError", "StopOnError"),
    ),
    SettingDefinition(
        "mode",
        "string",
        "Transfer mode",
        "Data transfer mode of the load calls.",
        default="Sync",
        options=("Sync", "Stream"),
    ),
    SettingDefinition(
        "skip_invalid_records",
        "boolean",
        "Skip invalid records",
        "Reject records that cannot be loaded: they are counted and logged, and go to the rejects file. "
        "If false, the first such record fails the run.",
        default=True,
    ),
    SettingDefinition(
        "records_without_segment",
        "string",
        "Records without Segment",
        "What happens to a record whose segment column is null or blank. `skip` rejects it, as Treasure AI does: "
        "it is counted and goes to the rejects file. `list_only` loads it into the List only.",
        default="skip",
        options=("skip", "list_only"),
    ),
    SettingDefinition(
        "field_mapping",
        "object",
        "Field mapping",
        "Column name to the exact name of its field, for each column whose field does not have the column's name in "
        "upper case. With null, the column is not sent.",
        default={},
    ),
    SettingDefinition(
        "streams",
        "streams",
        "Settings by stream",
        "Stream name to an object with its own `list_api_name`, `key_fields`, `segment_column` or `field_mapping`, "
        "for taps whose streams go to different Lists. With an empty object, the other settings apply to the stream.",
        default={},
    ),
    SettingDefinition(
        "unlisted_streams",
        "string",
        "Unlisted streams",
        "How many streams without an entry in `streams` are loaded. `one`: a second such stream ends the run, so that "
        "it does not go to the same List by mistake. `load`: any number.",
        default="one",
        options=("one", "load"),
    ),
    SettingDefinition(
        "text_field_length",
        "integer",
        "Text field length",
        "Length of the Text fields that are created for text without a `maxLength`. "
        f"With 0 or more than {MAX_TEXT_LENGTH}, LongText fields are created.",
        default=500,
        minimum=0,
    ),
    SettingDefinition(
        "batch_size_rows",
        "integer",
        "Batch size in rows",
        "Maximum number of rows in one load.",
        default=2500,
        minimum=1,
        maximum=1_000_000,
    ),
    SettingDefinition(
        "max_request_bytes",
        "integer",
        "Batch size in bytes",
        "Maximum size of the body of one load, in bytes.",
        default=20_000_000,
        minimum=1000,
        maximum=1_000_000_000,
    ),
    SettingDefinition(
        "batch_max_age_seconds",
        "integer",
        "Batch age",
        "Seconds after which a batch is loaded even if it is not full, so that STATE is printed in time if the tap is "
        "slow.",
        default=10,
        minimum=1,
        maximum=86_400,
    ),
    SettingDefinition(
        "segment_batch_size_rows",
        "integer",
        "Segment batch size in rows",
        "Maximum number of rows in one load of a Segment. The rows have only the key and are collected over many "
        "batches.",
        default=50_000,
        minimum=1,
        maximum=1_000_000,
    ),
    SettingDefinition(
        "segment_batch_max_age_seconds",
        "integer",
        "Segment batch age",
        "Seconds after which the rows of a Segment are loaded even if they are few, so that STATE is printed in time.",
        default=30,
        minimum=1,
        maximum=86_400,
    ),
    SettingDefinition(
        "rejects_path",
        "string",
        "Rejects file",
        "File to which each rejected record is appended as one JSON line, with the reason.",
    ),
    SettingDefinition(
        "max_rejects",
        "limit",
        "Most rejects",
        "How many records may be rejected before the run fails: a number such as `100`, or a share of all records "
        "such as `0.5%`, which is checked at the end. Without this setting, any number.",
    ),
    SettingDefinition(
        "requests_per_minute",
        "integer",
        "Requests per minute",
        "Maximum number of calls in any 60 seconds. Selligent allows 2,500 for an API key. Set fewer if other systems "
        "use the same key.",
        default=2500,
        minimum=1,
        maximum=1_000_000,
    ),
    SettingDefinition(
        "max_parallel_requests_per_list",
        "integer",
        "Parallel requests per List",
        "Maximum number of loads of one List at a time. Selligent is introducing a limit of 1; a higher number helps "
        "only if your organization does not have this limit yet. Batches with a common key are never loaded at the "
        "same time.",
        default=1,
        minimum=1,
        maximum=64,
    ),
    SettingDefinition(
        "busy_timeout_seconds",
        "integer",
        "Busy List time-out",
        "Seconds to wait if another bulk operation is running on the List.",
        default=600,
        minimum=0,
        maximum=86_400,
    ),
    SettingDefinition(
        "request_timeout_seconds",
        "integer",
        "Request time-out",
        "Seconds to wait for the response to a call.",
        default=300,
        minimum=1,
        maximum=3600,
    ),
)

DEFINITIONS: dict[str, SettingDefinition] = {definition.name: definition for definition in SETTINGS}


def create_config_schema() -> dict[str, Any]:
    """Return the JSON Schema of a config, for the SDK's `config_jsonschema`."""
    return {
        "type": "object",
        "properties": {definition.name: definition.to_json_schema() for definition in SETTINGS},
        "required": [definition.name for definition in SETTINGS if definition.required],
    }
