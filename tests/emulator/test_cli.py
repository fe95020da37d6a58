"""The command `target-selligent-emulator`."""

import dataclasses
import os
import signal
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
from tests.emulator.support import ApiClient

COMMAND = [sys.executable, "-m", "target_selligent.emulator.cli"]


@contextmanager
def _command(*arguments: str, **environment: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run the command on a free port; yield the process and its first line."""
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_command_says_where_it_listens_and_ends_on_a_signal(number: signal.Signals) -> None:
    """It prints one line when it listens, with its login; then nothing until a signal ends it with exit code 0."""
    arguments = ("--organization", "one", "--organization", "two", "--rate-limit", "7")
    with _command(*arguments, EMULATOR_API_KEY="k", EMULATOR_API_SECRET="s") as (process, line):
        address = _address(line)
        login = "(organization one, two, X-ApiKey k:s)"
        assert (
            line
            == f"target-selligent-emulator {__version__}: {address} {login}, page {address}/, docs {address}/docs\n"
        )
        headers = {"X-ApiKey": "k:s"}
        answer = requests.get(f"{address}/Portal/Api/organizations/two/lists", headers=headers, timeout=60)
        assert (answer.status_code, answer.headers["X-RateLimit-Limit"]) == (200, "7, 7;w=60")
        process.send_signal(number)
        assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 0


def test_the_command_serves_https(tmp_path: Path) -> None:
    """With a certificate, the address is https. The key may be in the same file or in another one."""
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
    """A wrong certificate, or a key without a certificate, ends the command with the reason."""
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nothing")
    for arguments in (["--tls-cert", str(wrong)], ["--tls-key", str(wrong)], ["--tls-cert", str(tmp_path / "none")]):
        result = CliRunner().invoke(main, ["--port", "0", *arguments])
        assert result.exit_code in {1, 2}
        assert "Error" in result.output


def test_the_command_reads_rules_from_a_file(tmp_path: Path) -> None:
    """Fault rules in a JSON file apply from the start."""
    rules = tmp_path / "faults.json"
    rules.write_text('[{"kind": "status", "status": 502, "path": "/lists$"}]')
    with _command("--faults", str(rules)) as (_, line):
        api = ApiClient(_address(line))
        with api.session:
            assert [api.call("GET", "/lists").status_code for _ in range(2)] == [502, 200]


def _failure(*arguments: str) -> str:
    """Run a command that fails at once; return its only line."""
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
    """A file without valid rules ends the command with one line."""
    rules = tmp_path / "faults.json"
    if text is not None:
        rules.write_text(text)
    assert message in _failure("--port", "0", "--faults", str(rules))


def test_the_command_refuses_a_folder_of_rules(tmp_path: Path) -> None:
    """A folder instead of a file ends the command with one line."""
    assert "cannot be read: Is a directory" in _failure("--port", "0", "--faults", str(tmp_path))


def test_the_command_refuses_a_port_in_use() -> None:
    """A port in use ends the command with one line that names the port."""
    with EmulatorServer() as server:
        port = server.base_url.rpartition(":")[2]
        assert f"port {port} of 127.0.0.1 cannot be used: Address already in use" in _failure("--port", port)


def test_the_command_refuses_a_file_it_cannot_use(tmp_path: Path) -> None:
    """A file in a missing folder, of another program, or without a database ends the command with one line."""
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
    """Two emulators cannot use one file: the second one ends with one line."""
    path = str(tmp_path / "emulator.sqlite")
    with _command("--db", path):
        assert "is locked by another emulator" in _failure("--port", "0", "--db", path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_the_command_refuses_a_file_it_may_not_write(tmp_path: Path) -> None:
    """A read-only file ends the command with one line."""
    path = tmp_path / "emulator.sqlite"
    with EmulatorServer(EmulatorOptions(db=str(path))):
        pass
    path.chmod(0o400)
    assert "cannot be used" in _failure("--port", "0", "--db", str(path))


def test_every_option_has_a_switch() -> None:
    """Every option of `EmulatorOptions` is a switch of the command, with the same name and default."""
    options = {field.name: field for field in dataclasses.fields(EmulatorOptions)}
    switches = main.make_context("emulator", [], resilient_parsing=False).params
    renamed = {"organizations": "organization"}
    assert {renamed.get(name, name) for name in options} == switches.keys() - {"port", "tls_cert", "tls_key"}
    plain = {name: field.default for name, field in options.items() if isinstance(field.default, (int, float, str))}
    assert {name: str(switches[name]) for name in plain} == {name: str(value) for name, value in plain.items()}


def test_switches_are_in_force() -> None:
    """The options in force are those of the command line."""
    arguments = (
        "--record-index-base=1",
        "--missing-status=200",
        "--unseen-calls=2",
        "--exact-keys",
        "--segment-load-inserts",
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
        "segment_load_inserts": True,
        "max_rows": 5,
        "unique_index_required_above_rows": 3,
        "journal_size": 9,
        "denied": ["List_CreateList", "List_Delete"],
    }
    assert options | wanted == options


def test_the_command_says_how_to_get_its_extra(tmp_path: Path) -> None:
    """Without the web framework, one line says how to install it."""
    hide = "import sys; sys.modules['fastapi'] = None"
    code = f"{hide}; from target_selligent.emulator.cli import main; main(['--port', '0'])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )
    assert result.returncode == 1
    assert result.stderr == 'The emulator needs its extra: pip install "target-selligent[emulator]"\n'
