"""Faults on demand: rules that pick calls by method, path and position, and what happens to those."""

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
"""Kinds that end the connection without an answer."""

Kind = Literal[
    "status", "result_code", "reset", "close", "hang", "truncate", "not_json", "partial", "busy", "quota", "delay"
]  # fmt: skip


class FaultRule(BaseModel):
    """One rule.

    Attributes:
        kind: What happens. `status` answers with `status` and `body`; `result_code` with a 200 that carries
            `result_code`; `reset` resets the connection without an answer; `close` ends it with a FIN, over TLS without
            a close_notify; `hang` says nothing for `seconds`, then resets the connection; `truncate` sends half of the
            answer; `not_json` answers 200 with HTML; `partial` refuses the `rows` of a data/load; `busy` and `quota`
            answer 429; `delay` works `seconds` longer, holding the List.
        method: HTTP method, or `*`.
        path: Regular expression, searched in the path.
        skip: How many matching calls pass first.
        times: How many calls it hits; 0 for every one.
        probability: Chance of each call past `skip`.
        seed: Start of the chances.
        seconds: Length of `hang` (an hour if not given) and `delay`; for `quota`, what X-RateLimit-Reset tells.
        headers: Headers of the answer, also in the place of the quota's own.
        when: `before`: nothing is done; `after`: the work is done and its answer is lost; `during`, for `reset` and
            `close`: as soon as `body_bytes` of the body are read, or all of it if it has no more.
        body_bytes: Bytes of the body that are read first; 0 for none.
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
    def _can_be_sent(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not re.fullmatch(r"[!#$%&'*+.^_`|~\w-]+", name, re.ASCII) or not re.fullmatch(
                r"[\t -~\xa0-\xff]*", value
            ):
                raise ValueError("no header has such a name or value")
        return headers

    @field_validator("path")
    @classmethod
    def _compiles(cls, path: str) -> str:
        try:
            re.compile(path)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return path

    @model_validator(mode="after")
    def _can_happen(self) -> "Self":
        if self.when == "during" and self.kind not in {"reset", "close"}:
            raise ValueError("only reset and close can come during the body")
        return self


@dataclass(frozen=True)
class RawResponse:
    """An answer before it is sent."""

    status: int
    content_type: str
    body: bytes
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


class ActiveFault:
    """A rule and how far it is.

    Args:
        number: Its id.
        rule: The rule.
    """

    def __init__(self, number: int, rule: FaultRule) -> None:
        self.id = number
        self.rule = rule
        self.seen = 0
        self.fired = 0
        self._path = re.compile(rule.path)
        self._chance = random.Random(rule.seed)  # noqa: S311 - faults that can be repeated, no secrets

    def count_call(self, method: str, path: str) -> bool:
        """Count a call and return whether the rule is to hit it."""
        if self.rule.method not in ("*", method) or not self._path.search(path):
            return False
        self.seen += 1
        if self.seen <= self.rule.skip or (self.rule.times and self.fired >= self.rule.times):
            return False
        return self.rule.probability >= 1 or self._chance.random() < self.rule.probability

    def as_dict(self) -> dict[str, Any]:
        """Return the rule with its id and counts."""
        return {"id": self.id, **self.rule.model_dump(), "seen": self.seen, "fired": self.fired}

    def response(self) -> RawResponse:
        """Return the answer of a rule that gives one."""
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
    """The rules in force, in the order they came."""

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
        """Drop one rule; return whether it was there."""
        before = len(self._active)
        self._active = [fault for fault in self._active if fault.id != number]
        return len(self._active) < before

    def all(self) -> list[ActiveFault]:
        """Return the rules."""
        return list(self._active)

    def pick(self, method: str, path: str, *, during: bool = False) -> ActiveFault | None:
        """Return the rule that hits a call: the first that is due. All that match count the call as seen.

        Args:
            method: HTTP method.
            path: Path.
            during: Whether to ask the rules for the time in which the body is read, or all others.
        """
        asked = [fault for fault in self._active if (fault.rule.when == "during") is during]
        due = [fault for fault in asked if fault.count_call(method, path)]
        if not due:
            return None
        due[0].fired += 1
        return due[0]
