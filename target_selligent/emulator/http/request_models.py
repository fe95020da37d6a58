"""Query parameters and bodies that the API accepts, with its names. Docstrings of bodies are shown on `/docs`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

DataType = Literal["Unknown", "Boolean", "Numeric", "Long", "Float", "Date", "DateTime", "Text", "LongText", "Json"]
Content = Literal["Unknown", "Free", "Single", "Multi", "ComputedNonPersisted", "ComputedPersisted", "Lookup"]
ListType = Literal["Unknown", "Userlist", "Datalist", "DataSelectionList", "Optionlist", "Devicelist"]
ListFilter = Literal["Userlist", "Datalist", "Dataselectionlist", "DataSelectionList", "Optionlist"]
SegmentType = Literal["Unknown", "Dynamic", "Static", "External"]
RelationType = Literal["OneToOne", "OneToMany", "ManyToOne"]
Operator = Literal[
    "Unknown", "EqualTo", "NotEqualTo", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo", "Like",
    "IsNull", "IsNotNull", "IsEmpty", "IsNotEmpty",
]  # fmt: skip
Mode = Literal["Sync", "Stream"]
ErrorHandling = Literal["ContinueOnError", "StopOnError"]
Count = Annotated[int, Field(ge=0, lt=2**31)]


class Strict(BaseModel):
    """A body: unknown names and other types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """Query parameters. Unknown names are refused. This class itself has none."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(Query):
    """Which entries of an overview are returned."""

    filter: str | None = None
    search: str | None = None
    skip: Count = 0
    take: Count | None = None


class ListPageQuery(PageQuery):
    """Which Lists are returned."""

    filter: ListFilter | None = None


class SegmentPageQuery(PageQuery):
    """Which Segments are returned."""

    filter: Literal["Dynamic", "Static", "External"] | None = None


class RelationQuery(Query):
    """Which relations are returned."""

    filter: RelationType | None = None


class DeleteListQuery(Query):
    """How a List is deleted."""

    dropTable: bool | None = None  # noqa: N815 - the API's name


class ModeQuery(Query):
    """How data are sent."""

    mode: Mode = "Sync"


class SaveQuery(Query):
    """How one record is saved."""

    keyfields: str = Field(min_length=1)


class DeleteDataQuery(Query):
    """How records or members are deleted."""

    keyFields: str = Field(min_length=1)  # noqa: N815 - the API's name
    fields: str | None = Field(None, min_length=1)
    mode: Mode = "Sync"
    errorHandling: ErrorHandling = "ContinueOnError"  # noqa: N815 - the API's name


class LoadSegmentQuery(DeleteDataQuery):
    """How members are loaded."""

    deduplication: Literal["ImportLastMatch", "ImportFirstMatch"] = "ImportLastMatch"


class LoadQuery(LoadSegmentQuery):
    """How records are loaded."""

    data_import_option: Literal["InsertAndUpdate", "OnlyInsert", "OnlyUpdate"] = "InsertAndUpdate"
    create_segment_name: str | None = None
    create_segment_api_name: str | None = None


class ListCreation(Strict):
    """Body of POST lists."""

    api_name: str
    name: str
    type: ListType
    description: str | None = None
    tags: list[str] | None = None
    enforce_segment_selection: bool | None = None
    optionlist_codetype: Literal["Unknown", "Text", "Numeric"] | None = None


class EmailQualityAction(Strict):
    """What a bounce sets."""

    name: str | None = None
    value: str | None = None


class EmailQuality(Strict):
    """How bounces are handled."""

    type: Literal["Defensive", "Normal", "Aggressive", "Custom"] | None = None
    bounce_scope: str | None = None
    actions: list[EmailQualityAction] | None = None
    bounce_stored_procedures: list[str] | None = None


class ListUpdate(Strict):
    """Body of PUT lists/{list}."""

    api_name: str | None = None
    name: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    email_quality_configuration: EmailQuality | None = None
    enforce_segment_selection: bool | None = None
    taglist_api_name: str | None = None


class FieldItem(Strict):
    """A field to create."""

    name: str
    data_type: DataType
    length: int | None = Field(None, ge=-(2**31), lt=2**31)
    description: str | None = None
    allow_null: bool | None = None
    content: Content | None = None
    optionlist: str | None = None
    value_definition: str | None = None


class FieldsCreation(Strict):
    """Body of POST fields."""

    fields: list[FieldItem]


class Constraint(Strict):
    """A further condition of a relation."""

    list1: str | None = None
    field1: str | None = None
    operator: Operator | None = None
    list2: str | None = None
    field2: str | None = None
    value: str | None = None


class RelationItem(Strict):
    """A relation to create."""

    scope: str
    type: RelationType
    masterlist_field_name: str
    slavelist_api_name: str
    slavelist_field_name: str
    constraints: list[Constraint] | None = None


class RelationsCreation(Strict):
    """Body of POST relations."""

    relations: list[RelationItem]


class RelationUpdate(Strict):
    """Body of PUT relations/{scope}."""

    scope: str | None = None
    type: RelationType | None = None
    masterlist_field_name: str | None = None
    slavelist_api_name: str | None = None
    slavelist_field_name: str | None = None
    constraints: list[Constraint] | None = None


class SegmentCreation(Strict):
    """Body of POST segments/static."""

    api_name: str
    name: str
    description: str | None = None
    tags: list[str] | None = None


class SearchFilter(Strict):
    """A condition of a search."""

    field_name: str
    operator: Operator
    field_value: str | None = None


class SearchRequest(Strict):
    """Body of data/search."""

    fields: list[str] = Field(min_length=1)
    filters: list[SearchFilter] | None = None
    skip: Count | None = None
    take: Count | None = None
    order_by: str | None = None
    order_by_direction: Literal["ASC", "DESC"] | None = None
