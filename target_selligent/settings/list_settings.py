"""The settings that belong to a List. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSettings:
    """The settings of one List. Each attribute is the setting with its name."""

    load_list: bool
    create_list_if_not_exists: bool
    list_type: str | None
    list_data_import_option: str
    create_segment_if_not_exists: bool
    deduplication: str
    key_comparison: str
    changes_only: bool
    segment_batch_size_rows: int
    segment_batch_max_age_seconds: int

    @property
    def spools_records(self) -> bool:
        """Whether no record may be loaded before the last record of each key is known."""
        return (
            self.load_list and self.list_data_import_option == "OnlyInsert" and self.deduplication == "ImportLastMatch"
        )

    @property
    def ignores_case_of_keys(self) -> bool:
        """Whether keys that differ only in case or trailing blanks are the same key for `deduplication`."""
        return self.key_comparison == "ignore_case"

    @property
    def last_record_wins(self) -> bool:
        """Whether the List ends with the last of several records with the same key."""
        return self.deduplication == "ImportLastMatch" and self.list_data_import_option != "OnlyInsert"
