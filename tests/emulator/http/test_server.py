"""The server in a thread, and the command."""

import dataclasses
import gc
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests
import trustme
from click.testing import CliRunner

from target_selligent import __version__
from target_selligent.emulator import EmulatorOptions, EmulatorServer
from target_selligent.emulator.cli import main
from tests.emulator.support import Api, wait_until
from tests.support import CertificateAuthority

COMMAND = [sys.executable, "-m", "target_selligent.emulator.cli"]


@contextmanager
def _command(*arguments: str, **environment: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run the command on a free port; give the process and its first line."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def _address(line: str) -> str:
    return next(word for word in line.split() if word.startswith(("http://", "https://")))


def test_a_file_keeps_what_was_written(tmp_path: Path) -> None:
    """A second emulator on the file of a first one has its Lists, records, members and keys."""
    options = EmulatorOptions(db=str(tmp_path / "emulator.sqlite"))
    with EmulatorServer(options) as server:
        api = Api(server.base_url)
        with api.session:
            api.create_list()
            api.create_segment()
            api.load("CID", [["a"], ["b"]])
            api.load_segment([["b"]])
    with EmulatorServer(options) as server:
        api = Api(server.base_url)
        with api.session:
            assert api.rows("CID", segment="vip") == [["b"]]
            assert api.load("CID", [["b"], ["c"]])["number_of_updated_records"] == 1
            assert api.rows("ID", "CID") == [[1, "a"], [2, "b"], [3, "c"]]


def test_a_hung_call_does_not_keep_the_server() -> None:
    """Stopping ends calls that would hang for an hour."""
    rules = [{"kind": "hang", "path": "/lists$", "times": 0}]
    server = EmulatorServer(EmulatorOptions(faults=rules))
    server.start()
    host, _, port = server.base_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        request = (
            "GET /Portal/Api/organizations/my_org/lists HTTP/1.1\r\nHost: x\r\nX-ApiKey: demo-key:demo-secret\r\n\r\n"
        )
        client.sendall(request.encode())
        wait_until(lambda: requests.get(f"{server.base_url}/_emulator/requests", timeout=60).json())
        server.stop()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_an_open_connection_does_not_outlive_the_server(authority: CertificateAuthority) -> None:
    """Stopping ends connections over https whose clients leave them open: no transport is left unclosed."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(authority.file)
        with EmulatorServer(tls=authority.issue()) as server:
            assert session.get(f"{server.base_url}/_emulator/counters", timeout=60).status_code == 200
        del server
        gc.collect()  # pytest makes an error of what an unclosed transport says when it is collected


def test_it_listens_on_the_loopback_interface_only() -> None:
    """The address is 127.0.0.1, whatever the port."""
    with EmulatorServer() as server:
        assert server.base_url.startswith("http://127.0.0.1:")


def test_a_taken_port_is_told() -> None:
    """A port that another server has is an error at once."""
    with EmulatorServer() as server, pytest.raises(OSError, match="in use"):
        EmulatorServer(port=int(server.base_url.rpartition(":")[2]))


@pytest.mark.parametrize(
    "options",
    [EmulatorOptions(organizations=[]), EmulatorOptions(rate_limit=0), EmulatorOptions(faults=[{"kind": "explode"}])],
    ids=["organizations", "rate_limit", "faults"],
)
def test_wrong_options_are_told(options: EmulatorOptions) -> None:
    """Options that cannot be followed are an error at once."""
    with pytest.raises(ValueError, match=r"organizations|rate_limit|kind"):
        EmulatorServer(options)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_command_says_where_it_listens_and_ends_on_a_signal(number: signal.Signals) -> None:
    """One line on stdout once it listens, with its settings in force; then silence until it ends in good order."""
    arguments = ("--organization", "one", "--organization", "two", "--rate-limit", "7")
    with _command(*arguments, EMULATOR_API_KEY="k", EMULATOR_API_SECRET="s") as (process, line):
        address = _address(line)
        login = "(organization one, two, X-ApiKey k:s)"
        assert line == f"target-selligent-emulator {__version__}: {address} {login}, docs {address}/docs\n"
        headers = {"X-ApiKey": "k:s"}
        answer = requests.get(f"{address}/Portal/Api/organizations/two/lists", headers=headers, timeout=60)
        assert (answer.status_code, answer.headers["X-RateLimit-Limit"]) == (200, "7, 7;w=60")
        process.send_signal(number)
        assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 0


def test_the_command_serves_https(tmp_path: Path) -> None:
    """With a certificate, with its key in the same file or in another one, the address is https."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    both = ("--tls-cert", str(tmp_path / "both.pem"))
    apart = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    for arguments in (both, apart):
        with _command(*arguments) as (_, line):
            address = _address(line)
            assert address.startswith("https://127.0.0.1:")
            with requests.Session() as session:
                session.trust_env = False
                session.verify = str(tmp_path / "ca.pem")
                answer = session.get(f"{address}/_emulator/counters", timeout=60)
                assert answer.status_code == 200


def test_the_command_refuses_wrong_certificates(tmp_path: Path) -> None:
    """A certificate that cannot be used, or a key without one, ends the command with the reason."""
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nothing")
    for arguments in (["--tls-cert", str(wrong)], ["--tls-key", str(wrong)], ["--tls-cert", str(tmp_path / "none")]):
        result = CliRunner().invoke(main, ["--port", "0", *arguments])
        assert result.exit_code in {1, 2}
        assert "Error" in result.output


def test_the_command_takes_rules_from_a_file(tmp_path: Path) -> None:
    """Fault rules in a JSON file are in force from the start."""
    rules = tmp_path / "faults.json"
    rules.write_text('[{"kind": "status", "status": 502, "path": "/lists$"}]')
    with _command("--faults", str(rules)) as (_, line):
        api = Api(_address(line))
        with api.session:
            assert [api.call("GET", "/lists").status_code for _ in range(2)] == [502, 200]


def _failure(*arguments: str) -> str:
    """Run the command, which ends at once with one line; return it."""
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("{}", "must hold a JSON list of rules"),
        ('[{"kind": "status"}, {"kind": "explode", "skip": -1}]', "fault rule 2 cannot be followed: kind: "),
        ('[{"kind": "status", "path": "("}]', "not a regular expression"),
        ('[{"kind": "status", "headers": {"X": "a\\nb"}}]', "no header"),
        ("[1]", "fault rule 1"),
        (None, "cannot be read: No such file"),
    ],
    ids=["not JSON", "no list", "two problems", "no expression", "no header", "no rule", "no file"],
)
def test_the_command_refuses_wrong_rules(tmp_path: Path, text: str | None, message: str) -> None:
    """A file without proper rules ends the command with one line."""
    rules = tmp_path / "faults.json"
    if text is not None:
        rules.write_text(text)
    assert message in _failure("--port", "0", "--faults", str(rules))


def test_the_command_refuses_a_folder_of_rules(tmp_path: Path) -> None:
    """A folder in the place of the file ends the command with one line."""
    assert "cannot be read: Is a directory" in _failure("--port", "0", "--faults", str(tmp_path))


def test_the_command_refuses_a_port_in_use() -> None:
    """A port that another server has ends the command with one line that names it."""
    with EmulatorServer() as server:
        port = server.base_url.rpartition(":")[2]
        assert f"port {port} of 127.0.0.1 cannot be used: Address already in use" in _failure("--port", port)


def test_the_command_refuses_a_file_it_cannot_use(tmp_path: Path) -> None:
    """A file in a folder that is not there, of another program, or no database ends the command with one line."""
    foreign, text = tmp_path / "foreign.sqlite", tmp_path / "text"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE accounts (id INTEGER)")
    text.write_text("no database at all, but a text that is long enough to be one" * 20)
    for path, message in (
        (tmp_path / "none" / "x.sqlite", "unable to open database file"),
        (foreign, "holds tables that are not an emulator's"),
        (text, "file is not a database"),
        (tmp_path, "unable to open database file"),
    ):
        assert message in _failure("--port", "0", "--db", str(path))


def test_the_command_refuses_a_file_of_another_emulator(tmp_path: Path) -> None:
    """Two emulators on one file would take each other's data: the second one ends with one line."""
    path = str(tmp_path / "emulator.sqlite")
    with _command("--db", path):
        assert "is locked by another emulator" in _failure("--port", "0", "--db", path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_the_command_refuses_a_file_it_may_not_write(tmp_path: Path) -> None:
    """A file that can only be read ends the command with one line."""
    path = tmp_path / "emulator.sqlite"
    with EmulatorServer(EmulatorOptions(db=str(path))):
        pass
    path.chmod(0o400)
    assert "cannot be used" in _failure("--port", "0", "--db", str(path))


def test_every_option_has_a_switch() -> None:
    """Whatever can be chosen from Python can be chosen on the command line, with the same name and default."""
    options = {field.name: field for field in dataclasses.fields(EmulatorOptions)}
    switches = main.make_context("emulator", [], resilient_parsing=False).params
    renamed = {"organizations": "organization"}
    assert {renamed.get(name, name) for name in options} == switches.keys() - {"port", "tls_cert", "tls_key"}
    plain = {name: field.default for name, field in options.items() if isinstance(field.default, (int, float, str))}
    assert {name: str(switches[name]) for name in plain} == {name: str(value) for name, value in plain.items()}


def test_switches_are_in_force() -> None:
    """What is switched at the start is what the options say."""
    arguments = (
        "--record-index-base=1",
        "--missing-status=200",
        "--unseen-calls=2",
        "--exact-keys",
        "--max-rows=5",
        "--unique-index-required-above-rows=3",
        "--journal-size=9",
        "--denied=List_CreateList",
        "--denied=List_Delete",
    )
    with _command(*arguments) as (_, line):
        options = requests.get(f"{_address(line)}/_emulator/options", timeout=60).json()
    wanted = {
        "record_index_base": 1,
        "missing_status": 200,
        "unseen_calls": 2,
        "case_insensitive_keys": False,
        "max_rows": 5,
        "unique_index_required_above_rows": 3,
        "journal_size": 9,
        "denied": ["List_CreateList", "List_Delete"],
    }
    assert options | wanted == options


def test_the_command_says_how_to_get_its_extra(tmp_path: Path) -> None:
    """Without the web framework, one line tells how to install it."""
    hide = "import sys; sys.modules['fastapi'] = None"
    code = f"{hide}; from target_selligent.emulator.cli import main; main(['--port', '0'])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )
    assert result.returncode == 1
    assert result.stderr == 'The emulator needs its extra: pip install "target-selligent[emulator]"\n'
