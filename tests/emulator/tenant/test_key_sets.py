"""Keys: which records have the key of a row."""

import pytest

from tests.emulator.support import ApiClient, counts


def test_a_key_of_several_fields_is_compared_as_a_whole(contacts: ApiClient) -> None:
    """A record has the key of a row only if all values are equal. 1 and 1.0 are equal."""
    rows = [["a", 1, True], ["a", 2, True]]
    assert counts(contacts.load("CID,PRICE,FLAG", rows, keyFields="CID,PRICE")) == {"inserted": 2}
    assert counts(contacts.load("CID,PRICE,FLAG", [["a", 1.0, False]], keyFields="CID,PRICE")) == {"updated": 1}
    assert contacts.rows("PRICE", "FLAG") == [[1.0, False], [2, True]]


def test_a_key_that_several_records_have_updates_them_all(contacts: ApiClient) -> None:
    """If several records have the key, all are updated and counted."""
    contacts.load("CID,PRICE", [["a", 1], ["b", 1], ["c", 2]])
    answer = contacts.load("PRICE,FLAG", [[1, True]], keyFields="PRICE")
    assert counts(answer) == {"updated": 2}
    assert contacts.rows("CID", "FLAG") == [["a", True], ["b", True], ["c", None]]


def test_an_update_moves_a_record_to_its_new_key(contacts: ApiClient) -> None:
    """After an update, a record is found by its new value, not by the old one."""
    contacts.load("CID,PRICE", [["a", 1]])
    contacts.load("PRICE,FLAG", [[1, True]], keyFields="PRICE")
    contacts.load("CID,PRICE", [["a", 2]])
    query = {"keyFields": "PRICE", "data_import_option": "OnlyUpdate"}
    assert counts(contacts.load("PRICE,FLAG", [[1, False], [2, False]], **query)) == {"updated": 1, "not_found": 1}


@pytest.mark.parametrize(("fold", "inserted"), [(False, 3), (True, 1)], ids=["exact", "folded"])
def test_text_in_keys_is_compared_as_the_option_says(contacts: ApiClient, fold: bool, inserted: int) -> None:  # noqa: FBT001 - a case
    """Keys that differ only in case or trailing blanks are equal or not, as the option says. Leading blanks matter."""
    contacts.load("CID", [["x"]])
    contacts.options(case_insensitive_keys=fold)
    assert counts(contacts.load("CID", [["a"], ["A"], ["a  "], [" a"]])).get("inserted") == inserted + 1


def test_keys_are_compared_without_case_by_default(contacts: ApiClient) -> None:
    """A record is found by its key in another case or with trailing blanks. It keeps its own spelling."""
    contacts.load("CID,PRICE", [["Bob", 1]])
    assert counts(contacts.load("CID,PRICE", [["bob ", 2]])) == {"updated": 1}
    assert counts(contacts.load_segment([["BOB"]])) == {"inserted": 1}
    assert contacts.rows("CID", "PRICE", segment="vip") == [["Bob", 2]]
