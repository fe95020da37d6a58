"""The SQLite file."""

from pathlib import Path

from target_selligent.emulator import EmulatorOptions, EmulatorServer
from tests.emulator.support import ApiClient


def test_a_file_keeps_the_data(tmp_path: Path) -> None:
    """A second emulator with the same file has the Lists, records, members and keys of the first one."""
    options = EmulatorOptions(db=str(tmp_path / "emulator.sqlite"))
    with EmulatorServer(options) as server:
        api = ApiClient(server.base_url)
        with api.session:
            api.create_list()
            api.create_segment()
            api.load("CID", [["a"], ["b"]])
            api.load_segment([["b"]])
    with EmulatorServer(options) as server:
        api = ApiClient(server.base_url)
        with api.session:
            assert api.rows("CID", segment="vip") == [["b"]]
            assert api.load("CID", [["b"], ["c"]])["number_of_updated_records"] == 1
            assert api.rows("ID", "CID") == [[1, "a"], [2, "b"], [3, "c"]]
