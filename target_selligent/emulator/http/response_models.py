"""Bodies of responses, as pydantic models with the API's names. Their docstrings are shown on `/docs`."""

from typing import Any, Literal

from target_selligent.emulator.http.request_models import (
    Content,
    DataType,
    ListType,
    Operator,
    RelationType,
    SegmentType,
    Strict,
)

ResultCode = Literal[
    "Failed",
    "Succeeded",
    "PartiallySucceeded",
    "ValidationFailed",
    "NotFound",
    "ServiceUnavailable",
    "InternalServerError",
]
ValidationCode = Literal["Unknown", "InvalidFieldCount", "MaxStringLengthExceeded", "InvalidType"]


class ErrorItem(Strict):
    """One thing that is wrong."""

    error_code: str
    description: str


class Result(Strict):
    """Answer of calls that give no data."""

    result_code: ResultCode
    message: str | None = None
    errors: list[ErrorItem] | None = None


class NamedItem(Strict):
    """Something with a name."""

    name: str


class ApiNamedItem(Strict):
    """Something with an API name."""

    api_name: str


class LanguageItem(Strict):
    """A language of an organization."""

    name: str
    code: str
    locale: str


class OrganizationAnswer(Strict):
    """Answer of GET organization."""

    name: str
    image_reference: str | None
    image_type: str | None
    languages: list[LanguageItem]
    audiences: list[ApiNamedItem]
    campaign_data_sources: list[NamedItem]
    default_languages: list[str]
    default_maildomain: str | None
    sms_endpoint: str | None
    mobile_push_endpoint: str | None
    facebook_endpoint: str | None
    google_customer_match_endpoint: str | None
    trackers: list[NamedItem]
    connector_instances: list[NamedItem]
    mediums: list[ApiNamedItem]
    taglists: list[ApiNamedItem]


class ListItem(Strict):
    """A List in an overview."""

    id: int
    type: ListType
    api_name: str
    name: str


class ListsAnswer(Strict):
    """Answer of GET lists."""

    lists: list[ListItem]


class EmailQualityActionAnswer(Strict):
    """What a bounce sets."""

    field_name: str | None
    field_value: str | None


class EmailQualityAnswer(Strict):
    """How bounces are handled."""

    email_quality_type: str | None
    invalid_email_syntax: int
    non_existing_domain: int
    hard_bounce: int
    soft_bounce: int
    bounce_scope: str | None
    email_quality_actions: list[EmailQualityActionAnswer]
    bounce_stored_procedures: list[str]


class ListAnswer(Strict):
    """Answer of GET lists/{list}."""

    api_name: str
    name: str
    type: ListType
    description: str | None
    tags: list[str]
    email_quality_configuration: EmailQualityAnswer | None
    enforce_segment_selection: bool
    taglist_api_name: str | None
    organizations: list[str]
    not_accessible_organizations_count: int


class FieldAnswer(Strict):
    """A field of a List."""

    name: str
    length: int | None
    data_type: DataType
    description: str | None
    allow_null: bool
    content: Content
    optionlist: str | None
    value_definition: str | None


class FieldsAnswer(Strict):
    """Answer of GET fields."""

    fields: list[FieldAnswer]


class CountAnswer(Strict):
    """Answer of GET records."""

    count: int


class RelationOverview(Strict):
    """A relation in an overview."""

    type: RelationType
    scope: str
    source_list_api_name: str
    destination_list_api_name: str


class RelationsAnswer(Strict):
    """Answer of GET relations."""

    relations: list[RelationOverview]


class ConstraintAnswer(Strict):
    """A further condition of a relation."""

    source_list: str | None
    source_field: str | None
    operator: Operator | None
    destination_list: str | None
    destination_field: str | None
    field_value: str | None


class RelationAnswer(Strict):
    """Answer of GET relations/{scope}."""

    scope_name: str
    relation_type: RelationType
    master_list_api_name: str
    master_list_field_name: str
    slave_list_api_name: str
    slave_list_field_name: str
    constraints: list[ConstraintAnswer]


class SegmentOverview(Strict):
    """A Segment in an overview."""

    segment_type: SegmentType
    api_name: str


class SegmentsAnswer(Strict):
    """Answer of GET segments."""

    segments: list[SegmentOverview]
    segment_count: int


class SegmentAnswer(Strict):
    """Answer of GET segments/{segment}."""

    type: SegmentType
    api_name: str
    name: str
    description: str | None


class InvalidRecord(Strict):
    """A row that was refused."""

    record_index: int
    field_name: str | None
    message: str
    validation_code: ValidationCode


class DeleteAnswer(Strict):
    """Answer of a bulk delete."""

    errors: list[ErrorItem] | None
    result_code: ResultCode
    number_of_deleted_records: int
    number_of_duplicate_records: int
    number_of_failed_records: int
    number_of_records_not_found: int
    invalid_records: list[InvalidRecord]


class LoadAnswer(DeleteAnswer):
    """Answer of a bulk load."""

    number_of_inserted_records: int
    number_of_updated_records: int


class SearchAnswer(Strict):
    """Answer of data/search."""

    fields: list[str]
    data: list[list[Any]]
    result_code: ResultCode
    errors: list[ErrorItem]
