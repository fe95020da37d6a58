"""What all tests of the target share.

`messages` builds and encodes Singer messages, `command` runs the installed command, `tenant` prepares the emulated
Selligent and reads it back, `proxy` disturbs connections, `certificates` issues certificates.
"""

from .certificates import CertificateAuthority
from .command import COMMAND, FinishedRun, RunningCommand, run_command, run_in_shell, run_target
from .fork_server import clean_environment
from .messages import Message, encode, example, record, records, schema, state
from .proxy import ConnectionFault, TcpProxy
from .tenant import LIST, SECRET, STATE_SOON, EmulatorClient, Tenant

__all__ = [
    "COMMAND",
    "LIST",
    "SECRET",
    "STATE_SOON",
    "CertificateAuthority",
    "ConnectionFault",
    "EmulatorClient",
    "FinishedRun",
    "Message",
    "RunningCommand",
    "TcpProxy",
    "Tenant",
    "clean_environment",
    "encode",
    "example",
    "record",
    "records",
    "run_command",
    "run_in_shell",
    "run_target",
    "schema",
    "state",
]
