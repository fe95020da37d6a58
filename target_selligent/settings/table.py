"""The table of settings: the only place where the name, type, default and description of a setting are written.

The SDK's config schema is created from it. So are the table in `docs/settings.md`, `meltano.yml` and `.env.example`
(`scripts/generate_docs.py`); a test checks that they are up to date. The names, defaults and meanings up to
`skip_invalid_records` are those of Treasure AI's Selligent export
(https://docs.treasure.ai/int/selligent-export-integration), so its users can use their settings here.
"""

from __future__ import annotations

from typing import Any

from target_selligent.settings.changes_table import CHANGES_SETTINGS
from target_selligent.settings.definition import MAX_TEXT_LENGTH, SettingDefinition
from target_selligent.settings.transfer_table import TRANSFER_SETTINGS

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
        "create_fields_if_not_exist",
        "boolean",
        "Create fields",
        "Add fields for new columns to a List that exists, whoever created it.",
        default=False,
    ),
    SettingDefinition(
        "list_type",
        "string",
        "List type",
        "Type of a List that is created: `Userlist` for people, `Datalist` for other data, such as events. "
        "Without this setting, a Userlist. A List that exists keeps its type.",
        options=("Userlist", "Datalist"),
    ),
    SettingDefinition(
        "relation",
        "object",
        "Relation",
        "Relation of the List to its parent List. `list` is the parent, `scope` the name of the relation, `field` a "
        "field of the List, `related_field` one of the parent (without it, of the same name). `type` is `OneToMany` "
        "(one record of the parent has many of the List, the default), `OneToOne`, or `ManyToOne` for a relation of "
        "the List to the parent. It is created if it is missing. Rows of the List are loaded when those of the parent "
        "are.",
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
        "load_list",
        "boolean",
        "Load the List",
        "Whether records are loaded into the List. If false, only Segments are loaded: nothing is created or changed "
        "in the List, and records that it does not have are counted as not found and go to the rejects file.",
        default=True,
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
        "segment",
        "string",
        "Segment",
        "API name of the one Segment of all records, instead of a `segment_column`.",
    ),
    SettingDefinition(
        "segment_name_style",
        "string",
        "Style of Segment names",
        "`exact` uses the names of Segments as they are. `underscore` replaces each blank in them by an underscore.",
        default="exact",
        options=("exact", "underscore"),
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
        "before its first load. `mirror` adds members, and at the end of the run removes those that no record of the "
        "run has named; use it for whole streams only, never for incremental ones. `remove` removes the records from "
        "the Segments that they name; the List stays as it is.",
        default="append",
        options=("append", "replace", "mirror", "remove"),
    ),
    SettingDefinition(
        "mirrored_segments",
        "names",
        "Mirrored Segments",
        "Segments of the stream even if no record names them any more: with `mirror` they lose all members, with "
        "`deleted_records: leave_segments` those that are deleted.",
        default=[],
    ),
    SettingDefinition(
        "max_removals",
        "limit",
        "Maximum of removals",
        "How many members may leave at the end of a run because no record has named them: a number, or a percentage of "
        "the members of all Segments that are read. With `deleted_records: delete`, it is also the limit for records "
        "that leave the List. If more would leave, nobody leaves and the run fails.",
        default="50%",
    ),
    SettingDefinition(
        "action_column",
        "string",
        "Action column",
        "Column that says for each record whether it is added to its Segments or removed from them. "
        "The last record of a key counts. The column is not sent as a field.",
    ),
    SettingDefinition(
        "action_values",
        "object",
        "Action values",
        "Values of the action column, each with its meaning, `add` or `remove`.",
        default={"add": "add", "remove": "remove"},
    ),
    SettingDefinition(
        "deleted_records",
        "string",
        "Deleted records",
        "What happens to records that the source marks as deleted, and to those that `ACTIVATE_VERSION` leaves behind. "
        "`ignore` only counts the marked ones. `leave_segments` removes them from all Segments of their stream. "
        "`delete` deletes them from the List.",
        default="ignore",
        options=("ignore", "leave_segments", "delete"),
    ),
    SettingDefinition(
        "removal_fields",
        "values",
        "Fields of removed records",
        "Fields and values that are written to the List for each record that leaves a Segment, such as `OPTOUT` 1.",
        default={},
    ),
    SettingDefinition(
        "key_fields",
        "names",
        "Key fields",
        "Fields that identify a record, comma-separated or as an array, such as `CUSTOMER_IDENTIFIER`. "
        "Without this setting, the key properties of the stream.",
    ),
    SettingDefinition(
        "alternate_key_fields",
        "names",
        "Alternate key fields",
        "Fields that identify a record whose key is null, such as `MAIL`. Such records are loaded by these fields, in "
        "loads of their own.",
        default=[],
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
        "Column name to the exact name of its field, for each column whose field does not have the name that "
        "`field_name_case` says. With null, the column is not sent.",
        default={},
    ),
    SettingDefinition(
        "field_name_case",
        "string",
        "Case of field names",
        "The case of the fields of columns that `field_mapping` does not name: `upper` is the column's name in upper "
        "case, `as_is` is the column's name as it is. Selligent takes both for the same field.",
        default="upper",
        options=("upper", "as_is"),
    ),
    SettingDefinition(
        "field_types",
        "object",
        "Field types",
        "Field name to the type that it gets if it is created, such as `Text(50)`, `LongText`, `Numeric` or "
        "`DateTime`. A field that exists keeps its type.",
        default={},
    ),
    SettingDefinition(
        "static_fields",
        "object",
        "Static fields",
        "Field name to a text that every record gets, such as `crm/{stream}`. `{stream}` is the stream, `{segment}` "
        "the record's Segment, `{run_id}` an id of the run, `{run_started_at}` the time at which it began. Write "
        "`{{` and `}}` for braces.",
        default={},
    ),
    SettingDefinition(
        "streams",
        "streams",
        "Settings by stream",
        "Stream name to an object with its own settings of the List, its key, its fields and its Segments, for taps "
        "whose streams go to different Lists. With an empty object, the other settings apply to the stream. "
        "In a name, `*` stands for any characters, as in `public-*`. The entry of the exact name counts, else the one "
        "with the most other characters.",
        default={},
    ),
    SettingDefinition(
        "unlisted_streams",
        "string",
        "Unlisted streams",
        "How many streams without an entry in `streams` are loaded. `one`: a second such stream ends the run, so that "
        "it does not go to the same List by mistake. `load`: any number. `ignore`: none; their records are counted in "
        "the summary. `refuse`: none; the first such stream ends the run.",
        default="one",
        options=("one", "load", "ignore", "refuse"),
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
    *CHANGES_SETTINGS,
    *TRANSFER_SETTINGS,
)

DEFINITIONS: dict[str, SettingDefinition] = {definition.name: definition for definition in SETTINGS}


def create_config_schema() -> dict[str, Any]:
    """Return the JSON Schema of a config, for the SDK's `config_jsonschema`."""
    return {
        "type": "object",
        "properties": {definition.name: definition.to_json_schema() for definition in SETTINGS},
        "required": [definition.name for definition in SETTINGS if definition.required],
    }
