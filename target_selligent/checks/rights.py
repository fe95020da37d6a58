"""The rights that a config needs: the endpoints that must be granted to the service account. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_selligent.settings import Settings, StreamSettings

LIST_DETAILS = "List details"
LIST_FIELDS = "List fields"
LIST_SEARCH = "List data search"
RELATIONS = "List relations"
SEGMENT_DETAILS = "static Segment details"
SEGMENT_SEARCH = "Segment data search"


@dataclass(frozen=True, slots=True)
class Right:
    """An endpoint that a config needs.

    Args:
        name: The endpoint, as a user looks for it in Selligent.
        call: Method and path below the organization.
        setting: The setting that needs it.
        lists: The Lists for which it is needed, as the settings name them.
    """

    name: str
    call: str
    setting: str
    lists: tuple[str, ...]


def _always(setting: str) -> Callable[[StreamSettings], str | None]:
    return lambda _own: setting


def _if_list_is_loaded(own: StreamSettings) -> str | None:
    if not own.load_list:
        return None
    if own.segment_data_import_option == "remove" or not own.load_list:
        return "removal_fields" if own.removal_fields else None
    return "list_api_name"


def _if_list_may_be_created(own: StreamSettings) -> str | None:
    return "create_list_if_not_exists" if own.create_list_if_not_exists and own.load_list else None


def _if_fields_may_be_created(own: StreamSettings) -> str | None:
    may_add = own.create_fields_if_not_exist and own.load_list
    return "create_fields_if_not_exist" if may_add else _if_list_may_be_created(own)


def _if_related(own: StreamSettings) -> str | None:
    return "relation" if own.relation is not None else None


def _if_segments(own: StreamSettings) -> str | None:
    if not own.has_segments:
        return None
    return "segment" if own.segment is not None else "segment_column"


def _if_members_join(own: StreamSettings) -> str | None:
    return None if own.segment_data_import_option == "remove" else _if_segments(own)


def _if_segments_may_be_created(own: StreamSettings) -> str | None:
    joins = _if_members_join(own) is not None
    return "create_segment_if_not_exists" if own.create_segment_if_not_exists and joins else None


def _if_replaced(own: StreamSettings) -> str | None:
    return "segment_data_import_option" if own.segment_data_import_option == "replace" and own.has_segments else None


def _if_members_leave(own: StreamSettings) -> str | None:
    if own.segment_data_import_option in {"mirror", "remove"}:
        return "segment_data_import_option"
    if own.action_column is not None:
        return "action_column"
    return "deleted_records" if own.deleted_records == "leave_segments" else None


def _if_members_are_read(own: StreamSettings) -> str | None:
    if own.segment_data_import_option == "mirror":
        return "segment_data_import_option"
    return "deleted_records" if own.deleted_records == "leave_segments" else None


def _if_records_are_read(own: StreamSettings) -> str | None:
    if own.segment_data_import_option == "mirror":
        return "segment_data_import_option"
    if not own.load_list:
        return "load_list"
    return "deleted_records" if own.deleted_records == "delete" else None


def _if_records_are_deleted(own: StreamSettings) -> str | None:
    return "deleted_records" if own.deleted_records == "delete" else None


_RULES: tuple[tuple[str, str, Callable[[StreamSettings], str | None]], ...] = (
    (LIST_DETAILS, "GET lists/{list}", _always("list_api_name")),
    (LIST_FIELDS, "GET lists/{list}/fields", _always("list_api_name")),
    (RELATIONS, "GET lists/{list}/relations", _if_related),
    (SEGMENT_DETAILS, "GET lists/{list}/segments/{segment}", _if_segments),
    (LIST_SEARCH, "POST lists/{list}/data/search", _if_records_are_read),
    (SEGMENT_SEARCH, "POST lists/{list}/segments/{segment}/data/search", _if_members_are_read),
    ("List data load", "POST lists/{list}/data/load", _if_list_is_loaded),
    ("create List", "POST lists", _if_list_may_be_created),
    ("create List fields", "POST lists/{list}/fields", _if_fields_may_be_created),
    ("create List relations", "POST lists/{list}/relations", _if_related),
    ("static Segment data load", "POST lists/{list}/segments/{segment}/data/load", _if_members_join),
    ("create static Segment", "POST lists/{list}/segments/static", _if_segments_may_be_created),
    ("static Segment clear", "DELETE lists/{list}/segments/{segment}/data/clear", _if_replaced),
    ("Segment data delete", "DELETE lists/{list}/segments/{segment}/data", _if_members_leave),
    ("List data delete", "DELETE lists/{list}/data", _if_records_are_deleted),
)
"""Name and call of each right, and what returns the setting that needs it. The rights to read come first."""


def find_needed_rights(settings: Settings) -> Iterator[Right]:
    """Yield the rights that a config needs, each with the first setting that needs it.

    Args:
        settings: The settings of the run.
    """
    for name, call, setting_of in _RULES:
        needed = {own.list_api_name: setting for own in settings.all_streams if (setting := setting_of(own))}
        if needed:
            yield Right(name, call, next(iter(needed.values())), tuple(needed))
