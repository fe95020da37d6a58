"""The SDK's standard target tests, all of them, and what they leave out: what arrived, and more than one STATE."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import TargetTestRunner, get_target_test_class
from singer_sdk.testing.suites import SingerTestSuite, target_tests
from singer_sdk.testing.target_tests import (
    TargetArrayData,
    TargetCamelcaseTest,
    TargetDuplicateRecords,
    TargetEncodedStringData,
    TargetMultipleStateMessages,
    TargetNoPrimaryKeys,
    TargetOptionalAttributes,
    TargetPrimaryKeyUpdates,
    TargetSchemaNoProperties,
    TargetSchemaUpdates,
    TargetSpecialCharsInAttributes,
)
from singer_sdk.testing.templates import TargetFileTestTemplate

from target_selligent.target import TargetSelligent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import Tenant

# The SDK warns of Pythons that nobody maintains any more; we support some of them.
pytestmark = pytest.mark.filterwarnings("ignore:Python .* reached its end of life")

ID = "CUSTOMER_IDENTIFIER"
KEYLESS = {
    "test_no_pk": ID,
    # Its key properties are inside the schema, where nobody looks for them.
    "example_stream": ID,
    "test_object_schema_with_properties": "OBJECT_STORE",
    "test_object_schema_no_properties": "OBJECT_STORE",
}
"""Streams of the suite without key properties: Selligent needs a key, which settings name."""

SETTINGS: dict[str, Any] = {
    "create_list_if_not_exists": True,
    # The suite wants an exception for a record without its key.
    "skip_invalid_records": False,
    # A column that would become the List's own record number has to be mapped.
    "field_mapping": {"id": ID, "Id": ID, "_id": ID},
    "streams": {stream: {"key_fields": key} for stream, key in KEYLESS.items()},
    # Some of its files have several streams.
    "unlisted_streams": "load",
}


class ReadBack(TargetFileTestTemplate):
    """A standard test that also reads back what arrived.

    Attributes:
        fields: Fields to read.
        wanted: Their values, record by record.
    """

    resource: Tenant
    fields: tuple[str, ...]
    wanted: list[list[Any]]

    def validate(self) -> None:
        """Compare the List with what the messages say."""
        assert sorted(self.resource.rows(*self.fields), key=str) == sorted(self.wanted, key=str)


class ArrayData(ReadBack, TargetArrayData):
    """Arrays arrive as JSON."""

    fields = (ID, "FRUITS")
    wanted = [  # noqa: RUF012 - as the SDK's own attributes
        [1, '["apple","orange","pear"]'],
        [2, '["banana","apple"]'],
        [3, '["pear"]'],
        [4, '["orange","banana","apple","pear"]'],
    ]


class Camelcase(ReadBack, TargetCamelcaseTest):
    """Names are upper-cased."""

    fields = (ID, "CLIENTNAME")
    wanted = [["1", "Gitter Windows Desktop App"], ["2", "Gitter iOS App"]]  # noqa: RUF012 - as the SDK's own


class DuplicateRecords(ReadBack, TargetDuplicateRecords):
    """Of records with one key, the last one wins."""

    fields = (ID, "METRIC")
    wanted = [[1, 100], [2, 20]]  # noqa: RUF012 - as the SDK's own attributes


class EncodedStrings(ReadBack, TargetEncodedStringData):
    """Text arrives as it was; three streams share the List here, and each overwrites the records of the one before."""

    fields = (ID, "STRINGS")
    wanted = [  # noqa: RUF012 - as the SDK's own attributes
        [1, '["simple string","απλή συμβολοσειρά","简单的字串"]'],
        [2, '["chaîne simple","quoted \\"string\\""]'],
        [3, '["various \\" \\\\ / \\n escape sequences"]'],
        [4, '["m","ā","ƙ"]'],
        [5, '["aaa","Double quoting: \\\\u0000 \\\\u0041 \\\\u0001"]'],
        [6, '["bbb","Control Characters in string: \\u0000 A \\u0001"]'],
        *([number, None] for number in range(7, 12)),
    ]


class NoPrimaryKeys(ReadBack, TargetNoPrimaryKeys):
    """Records without key properties are known by the fields that settings name."""

    fields = (ID, "METRIC")
    wanted = [[1, 11], [2, 22], [3, 33]]  # noqa: RUF012 - as the SDK's own attributes


class OptionalAttributes(ReadBack, TargetOptionalAttributes):
    """What a record lacks is not filled."""

    fields = (ID, "OPTIONAL")
    wanted = [[1, "This is optional"], [2, None], [3, "Also optional"], [4, None]]  # noqa: RUF012 - as the SDK's own


class PrimaryKeyUpdates(ReadBack, TargetPrimaryKeyUpdates):
    """Both records arrive."""

    fields = (ID, "NAME", "EMAIL")
    wanted = [[1, "Alice", "alice@example.com"], [2, "Bob", "bob@example.com"]]  # noqa: RUF012 - as the SDK's own


class SchemaNoProperties(ReadBack, TargetSchemaNoProperties):
    """Objects arrive whole, whether or not their schema names their properties."""

    fields = ("OBJECT_STORE",)
    wanted = [  # noqa: RUF012 - as the SDK's own attributes
        ['{"id":1,"metric":187}'],
        ['{"id":2,"metric":203}'],
        ['{"id":1,"metric":1}'],
        ['{"id":2,"metric":2}'],
    ]


class SchemaUpdates(ReadBack, TargetSchemaUpdates):
    """Fields are added as the schema grows, and every record has what it was sent with."""

    fields = (ID, "A1", "A2", "A3", "A4", "A5", "A6")
    wanted = [  # noqa: RUF012 - as the SDK's own attributes
        [1, 101, "string1", None, None, None, None],
        [2, 102, "string2", True, None, None, None],
        [3, 103, "string3", False, '{"id":1,"value":1}', '["banana","apple"]', None],
        [4, 104, "string4", True, '{"id":2,"value":22}', '["orange","pear"]', None],
        [5, 105, "string5", False, '{"id":3,"value":33}', '["apple"]', 985],
        [6, 106, "string6", True, '{"id":4,"value":444}', '["banana","orange"]', 341],
    ]


class SpecialChars(ReadBack, TargetSpecialCharsInAttributes):
    """Odd names inside an object stay as they are."""

    fields = (ID, "D")
    wanted = [["a2e98886", '{"env":"prod","agent:type":"desktop","agent:os:version":"10.13.1"}']]  # noqa: RUF012 - as the SDK's own


class AllStates(TargetMultipleStateMessages):
    """The test that the suite leaves out: STATEs are printed in order, the last one last."""

    def test(self) -> None:
        """Compare with the STATEs of the file; the stock test expects them to be merged by chance of drains."""
        self.runner.sync_all()
        a, b = "test_multiple_state_messages_a", "test_multiple_state_messages_b"
        states = [{a: 1, b: 0}, {a: 2, b: 1}, {a: 3, b: 2}, {a: 5, b: 3}, {a: 5, b: 6}]
        printed = self.runner.state_messages
        assert printed == [state for state in states if state in printed]
        assert printed[-1] == states[-1]


_READ_BACK = {
    next(parent for parent in found.__mro__ if parent in target_tests.tests): found
    for found in (
        ArrayData,
        Camelcase,
        DuplicateRecords,
        EncodedStrings,
        NoPrimaryKeys,
        OptionalAttributes,
        PrimaryKeyUpdates,
        SchemaNoProperties,
        SchemaUpdates,
        SpecialChars,
    )
}
_ALL: SingerTestSuite[Any] = SingerTestSuite(
    kind="target", tests=[*(_READ_BACK.get(test, test) for test in target_tests.tests), AllStates]
)
_StandardTests = get_target_test_class(TargetSelligent, custom_suites=[_ALL], include_target_tests=False)


class TestTargetSelligent(_StandardTests):  # type: ignore[misc, valid-type]  # the SDK makes the class
    """The standard tests, each on an empty tenant."""

    @pytest.fixture
    def resource(self, tenant: Tenant) -> Iterator[Tenant]:
        """The tenant, to read back from; signal handlers are given back, the target takes them in this process."""
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        yield tenant
        for number, handler in handlers.items():
            signal.signal(number, handler)

    @pytest.fixture
    def runner(self, resource: Tenant) -> Iterator[TargetTestRunner]:
        """A runner whose target loads into the tenant."""
        runner = TargetTestRunner(target_class=TargetSelligent, config=resource.config(**SETTINGS))
        yield runner
        if runner.target_input is not None:
            runner.target_input.close()


def test_none_of_the_suite_is_left_out() -> None:
    """Every standard test of the SDK runs here, most of them with a look at what arrived."""
    names = {f"test_target_{test.name}" for test in target_tests.tests}
    assert names <= {name for name in dir(TestTargetSelligent) if name.startswith("test_")}
    assert len(_READ_BACK) == 10
