"""The table of settings, from which everything that speaks of them is made.

`SETTINGS` is the only place where a setting's name, type, default and text are written. The SDK's config schema, the
table in `docs/settings.md`, `meltano.yml` and `.env.example` are made from it (`scripts/generate_docs.py`). A test
checks that they are up to date.
The names, defaults and meanings up to `skip_invalid_records` are those of Treasure AI's Selligent export
(https://docs.treasure.ai/int/selligent-export-integration), so that its users can bring their settings along.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["string", "integer", "boolean", "object", "names", "limit", "streams"]

MAX_TEXT_LENGTH = 4000
"""Longest `Text` field, in characters; anything longer becomes `LongText`."""


@dataclass(frozen=True, slots=True)
class SettingDefinition:
    """One setting, as users see it.

    Args:
        name: Its key in the config.
        kind: Type of its value; `names` is comma-separated text or an array of strings, `limit` a number or a
            percentage, `streams` an object of settings by stream.
        title: Two or three words.
        description: What it does, as one or more sentences.
        default: Value where it is not given.
        required: Whether it must be given.
        secret: Whether it must never be shown.
        options: All allowed values, if they are few.
        minimum: Smallest allowed integer.
        maximum: Largest allowed integer.
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
        """Return the setting as a JSON Schema property, the form in which the SDK wants it."""
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
        """Say what is wrong with a given value, without repeating it; None if nothing is."""
        expected, fits = {
            "string": ("text", isinstance(value, str)),
            "integer": ("a whole number", isinstance(value, int) and not isinstance(value, bool)),
            "boolean": ("true or false", isinstance(value, bool)),
            "object": ("an object", isinstance(value, dict)),
            "streams": (
                "an object of objects",
                isinstance(value, dict) and all(isinstance(given, dict) for given in value.values()),
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
        "What a List load does: insert new records and update known ones, only insert, or only update.",
        default="InsertAndUpdate",
        options=("InsertAndUpdate", "OnlyInsert", "OnlyUpdate"),
    ),
    SettingDefinition(
        "segment_column",
        "string",
        "Segment column",
        "Column that holds the API name of the record's Segment, or an array of them. It is never sent as a field. "
        "A record in which it is null or blank is not loaded into the List either, unless `records_without_segment` "
        "says so. Without this setting, only the List is loaded.",
    ),
    SettingDefinition(
        "create_segment_if_not_exists",
        "boolean",
        "Create Segments",
        "Create a static Segment if the one a record names does not exist.",
        default=False,
    ),
    SettingDefinition(
        "segment_data_import_option",
        "string",
        "Segment import option",
        "`append` keeps a Segment's members and adds to them; `replace` clears it once a run, before its first load.",
        default="append",
        options=("append", "replace"),
    ),
    SettingDefinition(
        "key_fields",
        "names",
        "Key fields",
        "Fields that identify a record, comma-separated or as an array, such as `CUSTOMER_IDENTIFIER`. "
        "Without it, the stream's key properties.",
    ),
    SettingDefinition(
        "deduplication",
        "string",
        "Deduplication",
        "Which of several records with the same key wins, over the whole run.",
        default="ImportLastMatch",
        options=("ImportLastMatch", "ImportFirstMatch"),
    ),
    SettingDefinition(
        "key_comparison",
        "string",
        "Key comparison",
        "Which keys are the same one where `deduplication` leaves records out: `ignore_case` takes keys that differ in "
        "case or trailing blanks for one, as SQL Server does by default; with `exact`, every character counts. "
        "The order of their records is kept in any case.",
        default="ignore_case",
        options=("ignore_case", "exact"),
    ),
    SettingDefinition(
        "error_handling",
        "string",
        "Error handling",
        "Whether a load goes on after a record that Selligent refuses, or stops there and fails the run.",
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
        "Skip, count and report records that cannot be loaded; if false, the first one fails the run.",
        default=True,
    ),
    SettingDefinition(
        "records_without_segment",
        "string",
        "Records without Segment",
        "What happens to a record whose segment column is null or blank. `skip` rejects it, as Treasure AI does: "
        "it is counted and goes to the rejects file. `list_only` loads it into the List, and it joins no Segment.",
        default="skip",
        options=("skip", "list_only"),
    ),
    SettingDefinition(
        "field_mapping",
        "object",
        "Field mapping",
        "Column to exact field name, for columns whose field is not their upper-cased name; "
        "null: do not send the column.",
        default={},
    ),
    SettingDefinition(
        "streams",
        "streams",
        "Settings by stream",
        "Stream name to an object with its own `list_api_name`, `key_fields`, `segment_column` or `field_mapping`, "
        "for taps whose streams go to different Lists. An empty object says that the stream goes where the other "
        "settings send it.",
        default={},
    ),
    SettingDefinition(
        "unlisted_streams",
        "string",
        "Unlisted streams",
        "How many streams without an entry in `streams` are loaded: `one`, so that no second stream gets into the same "
        "List unnoticed; a second one ends the run. `load`: any number.",
        default="one",
        options=("one", "load"),
    ),
    SettingDefinition(
        "text_field_length",
        "integer",
        "Text field length",
        "Length of the Text fields that are created for text without a `maxLength`. "
        f"0 or more than {MAX_TEXT_LENGTH}: LongText.",
        default=500,
        minimum=0,
    ),
    SettingDefinition(
        "batch_size_rows",
        "integer",
        "Batch size in rows",
        "Most rows in one load.",
        default=2500,
        minimum=1,
        maximum=1_000_000,
    ),
    SettingDefinition(
        "max_request_bytes",
        "integer",
        "Batch size in bytes",
        "Most bytes in the body of one load, as sent.",
        default=20_000_000,
        minimum=1000,
        maximum=1_000_000_000,
    ),
    SettingDefinition(
        "batch_max_age_seconds",
        "integer",
        "Batch age",
        "Seconds after which a batch is loaded even if it is not full, so that STATE keeps up with a slow tap.",
        default=10,
        minimum=1,
        maximum=86_400,
    ),
    SettingDefinition(
        "segment_batch_size_rows",
        "integer",
        "Segment batch size in rows",
        "Most rows in one load of a Segment. They hold the key only and are gathered over many batches.",
        default=50_000,
        minimum=1,
        maximum=1_000_000,
    ),
    SettingDefinition(
        "segment_batch_max_age_seconds",
        "integer",
        "Segment batch age",
        "Seconds after which a Segment's rows are loaded even if there are few, so that STATE keeps up.",
        default=30,
        minimum=1,
        maximum=86_400,
    ),
    SettingDefinition(
        "rejects_path",
        "string",
        "Rejects file",
        "File to which each record that did not make it is appended as one JSON line, with the reason.",
    ),
    SettingDefinition(
        "max_rejects",
        "limit",
        "Most rejects",
        "How many records may be rejected before the run fails: a number such as `100`, or a share of all records "
        "such as `0.5%`, judged at the end. Without it, any number.",
    ),
    SettingDefinition(
        "requests_per_minute",
        "integer",
        "Requests per minute",
        "Most calls in any 60 seconds. Selligent allows an API key 2,500; set less if other systems share the key.",
        default=2500,
        minimum=1,
        maximum=1_000_000,
    ),
    SettingDefinition(
        "max_parallel_requests_per_list",
        "integer",
        "Parallel requests per List",
        "Most loads of one List at a time. Selligent is rolling out a limit of 1; more helps only where a tenant has "
        "none yet. Batches that share a key never overlap.",
        default=1,
        minimum=1,
        maximum=64,
    ),
    SettingDefinition(
        "busy_timeout_seconds",
        "integer",
        "Busy List time-out",
        "Seconds to wait for a List on which another bulk operation runs.",
        default=600,
        minimum=0,
        maximum=86_400,
    ),
    SettingDefinition(
        "request_timeout_seconds",
        "integer",
        "Request time-out",
        "Seconds to wait for the answer to a call.",
        default=300,
        minimum=1,
        maximum=3600,
    ),
)

DEFINITIONS: dict[str, SettingDefinition] = {definition.name: definition for definition in SETTINGS}


def create_config_schema() -> dict[str, Any]:
    """Return the JSON Schema of the whole config, as the SDK's `config_jsonschema`."""
    return {
        "type": "object",
        "properties": {definition.name: definition.to_json_schema() for definition in SETTINGS},
        "required": [definition.name for definition in SETTINGS if definition.required],
    }
