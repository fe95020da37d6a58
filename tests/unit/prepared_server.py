"""A Selligent that gives prepared answers, for tests of modules that make calls. It runs in a thread of the test."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from target_selligent.api.client import SelligentClient
from target_selligent.api.pacer import Pacer
from target_selligent.api.retries import RetryPolicy
from target_selligent.api.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Answer = dict[str, Any] | Callable[[Any], dict[str, Any]]

ROOT = "/Portal/Api/organizations/my_org"
NOT_FOUND = {"status": 404, "result_code": "NotFound"}
REFUSED = {"status": 400, "result_code": "ValidationFailed", "message": "not like this"}


class PreparedServer:
    """Answers calls and remembers them.

    Attributes:
        calls: Method and path of each call, as `GET lists/contacts`, in the order in which they came.
        bodies: The body of each call, decoded.
        queries: The query parameters of each call.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: defaultdict[str, list[Answer]] = defaultdict(list)
        self.calls: list[str] = []
        self.bodies: list[Any] = []
        self.queries: list[dict[str, list[str]]] = []
        self.url = ""

    def answer(self, call: str, *answers: Answer) -> None:
        """Prepare the answers to a call, in order; the last one is repeated. Other calls are not found.

        Args:
            call: Method and path below the organization.
            answers: JSON objects, each with the status as `status` (200 if it has none); or functions that get the
                decoded body and return such an object.
        """
        with self._lock:
            self._answers[call] = list(answers)

    def count(self, call: str) -> int:
        """Return how often a call came."""
        return self.calls.count(call)

    def bodies_of(self, call: str) -> list[Any]:
        """Return the decoded bodies of a call."""
        return [body for made, body in zip(self.calls, self.bodies, strict=True) if made == call]

    def client(self) -> SelligentClient:
        """Return a client that calls this server, and gives up after the first lost connection."""
        policy = RetryPolicy(attempts=1, host_seconds=0)
        return SelligentClient(
            Transport(self.url, "key", "secret", "my_org", timeout=10, pacer=Pacer(10_000), policy=policy)
        )

    def handle(self, call: str, query: dict[str, list[str]], body: Any) -> dict[str, Any]:
        """Return the answer to a call."""
        with self._lock:
            self.calls.append(call)
            self.bodies.append(body)
            self.queries.append(query)
            answers = self._answers[call] or [NOT_FOUND]
            answer = answers[0] if len(answers) == 1 else answers.pop(0)
        return answer(body) if callable(answer) else answer


@contextmanager
def prepared_server() -> Iterator[PreparedServer]:
    """Run a server until the block ends."""
    prepared = PreparedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            url = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = f"{self.command} {url.path.removeprefix(ROOT).strip('/')}"
            answer = dict(prepared.handle(call, parse_qs(url.query), json.loads(content) if content else None))
            status = answer.pop("status", 200)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = do_PUT = _answer  # noqa: N815 - names that the library calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    prepared.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield prepared
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
