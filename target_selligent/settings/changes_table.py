"""The settings for sending changed records only: a part of the table of settings."""

from __future__ import annotations

from target_selligent.settings.definition import SettingDefinition

CHANGES_SETTINGS = (
    SettingDefinition(
        "changes_only",
        "boolean",
        "Changed records only",
        "Send only records that are new or have changed since Selligent has acknowledged them, by `snapshot_path`.",
        default=False,
    ),
    SettingDefinition(
        "snapshot_path",
        "string",
        "Snapshot file",
        "File with hashes of the records that Selligent has acknowledged, for `changes_only`. It is created if it is "
        "missing. Delete it to send all records again.",
    ),
    SettingDefinition(
        "snapshot_max_age_days",
        "integer",
        "Age of the snapshot",
        "Days after which a record is sent again although it has not changed, so that what was edited in Selligent "
        "does not stay for ever.",
        default=30,
        minimum=1,
        maximum=3650,
    ),
)
