"""The last part of the table of settings: sizes, ages, limits and waits. `settings/table.py` has the whole table."""

from __future__ import annotations

from target_selligent.settings.definition import SettingDefinition

TRANSFER_SETTINGS: tuple[SettingDefinition, ...] = (
    SettingDefinition(
        "batch_size_rows",
        "integer",
        "Batch size in rows",
        "Number of rows in one load of a List, until loads grow.",
        default=2500,
        minimum=1,
        maximum=1_000_000,
    ),
    SettingDefinition(
        "max_batch_size_rows",
        "integer",
        "Largest batch in rows",
        "Number of rows up to which loads of a List grow: they are doubled while this loads more rows a second, and "
        "halved if Selligent is overloaded. With `batch_size_rows` or less, loads do not grow.",
        default=25_000,
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
        "report_path",
        "string",
        "Report",
        "File for a report of the run as JSON, such as `report.json`. A page is written beside it, as `report.html`.",
    ),
    SettingDefinition(
        "alert_url",
        "string",
        "Web hook for alerts",
        "Web hook that gets one short message when a run ends: of Slack, Teams or anything that takes JSON over https.",
        secret=True,
    ),
    SettingDefinition(
        "alert_on",
        "string",
        "When to alert",
        "Which runs are told about. `failure`: those that fail or are stopped. `rejects`: also those that reject "
        "records. `always`: all.",
        default="failure",
        options=("failure", "rejects", "always"),
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
