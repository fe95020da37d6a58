"""Faults on demand: a rule picks calls by method, path and position, and says what happens to them.

`docs/emulator.md` has a table of all kinds and parts of a rule; a test keeps it complete.
"""

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from target_selligent.emulator import jsontext
from target_selligent.emulator.refusals import JSON_TYPE, TEXT_TYPE, ListBusyRefusal, QuotaRefusal, refusal_body

if TYPE_CHECKING:
    from typing_extensions import Self

KINDS_WITHOUT_RESPONSE = frozenset({"reset", "close", "hang"})
"""Kinds that end the connection without a response."""

Kind = Literal[
    "status", "result_code", "reset", "close", "hang", "truncate", "not_json", "partial", "busy", "quota", "delay"
]  # fmt: skip


class FaultRule(BaseModel):
    """One rule: the calls that it applies to, and what happens to them.

    Attributes:
        kind: What happens:
            `status`: a response with `status` and `body`;
            `result_code`: a response with status 200 and `result_code`;
            `reset`: the connection is reset without a response;
            `close`: the connection ends with a FIN without a response, over TLS without a close_notify;
            `hang`: no response for `seconds`, then the connection is reset;
            `truncate`: half of the response is sent;
            `not_json`: a response with status 200 and HTML;
            `partial`: the `rows` of a data/load are refused;
            `busy`, `quota`: a response with status 429;
            `delay`: the work takes `seconds` longer, and a bulk operation reserves its List for that time.
        method: HTTP method, or `*` for all.
        path: Regular expression that must match somewhere in the path.
        skip: How many matching calls pass before the first fault.
        times: How many calls get the fault; 0 means all.
        probability: The chance that a call after `skip` gets the fault.
        seed: Start of the random numbers.
        seconds: Length of `hang` (default: an hour) and `delay`. For `quota`: the value of X-RateLimit-Reset.
        headers: Headers to add to the response. They replace the quota's headers of the same name.
        when: `before`: the work is not done. `after`: the work is done, and its response is lost. `during`, only for
            `reset` and `close`: while the body is read, after `body_bytes` or at its end.
        body_bytes: How many bytes of the body are read before a fault of `during`.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    method: str = "*"
    path: str = ""
    skip: int = Field(0, ge=0)
    times: int = Field(1, ge=0)
    probability: float = Field(1.0, ge=0, le=1)
    seed: int = 0
    when: Literal["before", "during", "after"] = "before"
    body_bytes: int = Field(0, ge=0)
    status: int = Field(503, ge=200, le=599)
    body: Any = None
    headers: dict[str, str] = {}
    retry_after: float | None = None
    result_code: str = "Failed"
    message: str = "Fault on demand"
    seconds: float | None = Field(None, ge=0)
    rows: list[int] = []
    field_name: str | None = None
    validation_code: Literal["Unknown", "InvalidFieldCount", "MaxStringLengthExceeded", "InvalidType"] = "Unknown"

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not re.fullmatch(r"[!#$%&'*+.^_`|~\w-]+", name, re.ASCII) or not re.fullmatch(
                r"[\t -~\xa0-\xff]*", value
            ):
                raise ValueError("no header has such a name or value")
        return headers

    @field_validator("path")
    @classmethod
    def _check_path(cls, path: str) -> str:
        try:
            re.compile(path)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return path

    @model_validator(mode="after")
    def _check_when(self) -> "Self":
        if self.when == "during" and self.kind not in {"reset", "close"}:
            raise ValueError("only reset and close can come during the body")
        return self


@dataclass(frozen=True)
class RawResponse:
    """A response before it is sent."""

    status: int
    content_type: str
    body: bytes
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


class ActiveFault:
    """A rule in force, and how often it was used.

    Args:
        number: Its id.
        rule: The rule.

    Attributes:
        seen: How many calls matched the rule.
        fired: How many calls got the fault.
    """

    def __init__(self, number: int, rule: FaultRule) -> None:
        self.id = number
        self.rule = rule
        self.seen = 0
        self.fired = 0
        self._path = re.compile(rule.path)
        self._random = random.Random(rule.seed)  # noqa: S311 - faults that can be repeated, no secrets

    def count_call(self, method: str, path: str) -> bool:
        """Count a call if it matches the rule.

        Returns:
            Whether it is the rule's turn with this call.
        """
        if self.rule.method not in ("*", method) or not self._path.search(path):
            return False
        self.seen += 1
        if self.seen <= self.rule.skip or (self.rule.times and self.fired >= self.rule.times):
            return False
        return self.rule.probability >= 1 or self._random.random() < self.rule.probability

    def as_dict(self) -> dict[str, Any]:
        """Return the rule with its id and counts."""
        return {"id": self.id, **self.rule.model_dump(), "seen": self.seen, "fired": self.fired}

    def response(self) -> RawResponse:
        """Return the response of a rule that replaces the real one."""
        rule = self.rule
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in rule.headers.items()]
        if rule.retry_after is not None:
            headers.append((b"retry-after", f"{rule.retry_after:g}".encode()))
        if rule.kind == "busy":
            return RawResponse(429, TEXT_TYPE, ListBusyRefusal().body(), headers)
        if rule.kind == "quota":
            return RawResponse(429, TEXT_TYPE, QuotaRefusal().body(), headers)
        if rule.kind == "not_json":
            page = rule.body if isinstance(rule.body, str) else "<!doctype html><title>Portal</title><h1>Portal</h1>"
            return RawResponse(200, "text/html; charset=utf-8", page.encode(), headers)
        if isinstance(rule.body, str):
            return RawResponse(rule.status, TEXT_TYPE, rule.body.encode(), headers)
        code, status = rule.result_code, rule.status
        if rule.kind == "result_code":
            status = 200
        body = rule.body if rule.body is not None else refusal_body(code, "ERR", rule.message)
        return RawResponse(status, JSON_TYPE, jsontext.encode(body), headers)


class FaultRules:
    """The rules in force, in the order in which they were added."""

    def __init__(self) -> None:
        self._active: list[ActiveFault] = []
        self._number = 0

    def add(self, rule: FaultRule) -> ActiveFault:
        """Add a rule after the others."""
        self._number += 1
        fault = ActiveFault(self._number, rule)
        self._active.append(fault)
        return fault

    def clear(self) -> None:
        """Drop every rule."""
        self._active.clear()

    def remove(self, number: int) -> bool:
        """Drop one rule; return whether it existed."""
        before = len(self._active)
        self._active = [fault for fault in self._active if fault.id != number]
        return len(self._active) < before

    def all(self) -> list[ActiveFault]:
        """Return the rules."""
        return list(self._active)

    def pick(self, method: str, path: str, *, during: bool = False) -> ActiveFault | None:
        """Return the first rule whose turn it is with a call. Every rule that matches counts the call as seen.

        Args:
            method: HTTP method.
            path: Path.
            during: Ask only the rules with `when: during`; otherwise ask all others.
        """
        asked = [fault for fault in self._active if (fault.rule.when == "during") is during]
        due = [fault for fault in asked if fault.count_call(method, path)]
        if not due:
            return None
        due[0].fired += 1
        return due[0]
