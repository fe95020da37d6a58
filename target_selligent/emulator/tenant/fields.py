"""Fields of Lists: their definition, the rules for new fields, and the default fields of each type of List."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from target_selligent.emulator.refusals import BadRequestRefusal, ValidationRefusal

DATA_TYPES = ("Boolean", "Numeric", "Long", "Float", "Date", "DateTime", "Text", "LongText", "Json")
COMPUTED = ("ComputedNonPersisted", "ComputedPersisted")
OPTIONS = ("Single", "Multi")
ID = "ID"

_TEXT_LIMIT = 4000
_NAME = re.compile(r"[A-Za-z0-9_]{1,128}", re.ASCII)


@dataclass(frozen=True)
class Field:
    """A field of a List."""

    name: str
    data_type: str
    length: int | None = None
    description: str | None = None
    allow_null: bool = True
    content: str = "Free"
    optionlist: str | None = None
    value_definition: str | None = None

    @property
    def is_system(self) -> bool:
        """Whether the field is the record number, which only Selligent sets."""
        return self.name == ID

    @property
    def is_computed(self) -> bool:
        """Whether the field's value comes from an expression."""
        return self.content in COMPUTED

    def as_long_text(self) -> "Field":
        """Return the field as one whose text has no limit."""
        return replace(self, data_type="LongText")

    def as_dict(self) -> dict[str, Any]:
        """Return the definition, with the names that the API uses."""
        return asdict(self)


def check_name(name: str, what: str) -> None:
    """Check that an API name is valid.

    Args:
        name: The name.
        what: What it is the name of, for the message.

    Raises:
        BadRequestRefusal: The name has a character that is not a letter, digit or underscore, or a wrong length.
    """
    if not _NAME.fullmatch(name):
        raise BadRequestRefusal(f"{what} may only hold letters, digits and underscore")


def default_fields(list_type: str, code_type: str | None = None) -> list[Field]:
    """Return the fields of a new List.

    Args:
        list_type: Type of the List.
        code_type: For an Optionlist: the type of its codes, `Numeric` or text.
    """
    number = Field(ID, "Long", description="Record number", allow_null=False)
    if list_type == "Userlist":
        return [
            number,
            Field("NAME", "Text", 250),
            Field("MAIL", "Text", 250),
            Field("OPTOUT", "Numeric"),
            Field("OPTOUT_DT", "DateTime"),
            Field("OPTOUT_SOURCE", "Numeric"),
            Field("LANGUAGE", "Text", 10),
            Field("CREATED_DT", "DateTime"),
            Field("MODIFIED_DT", "DateTime"),
        ]
    if list_type == "Optionlist":
        code = Field("CODE", "Numeric") if code_type == "Numeric" else Field("CODE", "Text", 100)
        return [number, replace(code, allow_null=False), Field("DESCRIPTION", "Text", 250)]
    return [number]


def new_fields(existing: Iterable[Field], definitions: Iterable[Mapping[str, Any]]) -> list[Field]:
    """Return the fields that a call defines.

    Args:
        existing: The fields that the List already has.
        definitions: The new fields, as in the body of the call.

    Raises:
        BadRequestRefusal: A definition is not valid, or no field is defined.
    """
    used = {field.name.casefold() for field in existing}
    fields = []
    for definition in definitions:
        field = _new_field(definition)
        if field.name.casefold() in used:
            raise ValidationRefusal(f"Field {field.name} exists already")
        used.add(field.name.casefold())
        fields.append(field)
    if not fields:
        raise ValidationRefusal("No fields are given")
    return fields


def _new_field(definition: Mapping[str, Any]) -> Field:
    field = Field(**{name: value for name, value in definition.items() if value is not None})
    check_name(field.name, "A field's name")
    if field.data_type not in DATA_TYPES:
        raise ValidationRefusal(f"Field {field.name} needs a data_type")
    if field.data_type == "Text":
        if field.length is None or not 1 <= field.length <= _TEXT_LIMIT:
            raise ValidationRefusal(f"Field {field.name} needs a length from 1 to {_TEXT_LIMIT}")
    elif field.length:
        raise ValidationRefusal(f"Field {field.name}: only Text has a length")
    elif field.length == 0:
        field = replace(field, length=None)
    if field.content == "Unknown":
        raise ValidationRefusal(f"Field {field.name}: content is not known")
    if (field.content in OPTIONS) != bool(field.optionlist):
        raise ValidationRefusal(f"Field {field.name}: optionlist goes with content Single or Multi")
    if field.is_computed != bool(field.value_definition):
        raise ValidationRefusal(f"Field {field.name}: value_definition goes with computed content")
    return field
