"""What a check has found, and how it is shown. Pure; no I/O."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Status = Literal["ok", "wrong", "unknown", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked.

    Args:
        status: `ok`; `wrong`, so that a run would fail; `unknown`, if only a write would show it; `note` for what a run
            would create, and for what does not keep it from loading.
        subject: What was checked, such as `key` or `List contacts`.
        message: What was found, on one line.
        advice: What to do about it, on one line; empty if there is nothing to do.
    """

    status: Status
    subject: str
    message: str
    advice: str = ""

    def to_line(self, width: int) -> str:
        """Return the finding as one line.

        Args:
            width: To how many characters the subject is filled up.
        """
        advice = f" -> {self.advice}" if self.advice else ""
        return f"{self.status:<7} {self.subject:<{width}}  {self.message}{advice}"


def render_text(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the lines of a report: one for each finding, then the result.

    Args:
        findings: What was found, in order.
    """
    width = max((len(finding.subject) for finding in findings), default=0)
    for finding in findings:
        yield finding.to_line(width)
    wrong = sum(finding.status == "wrong" for finding in findings)
    yield f"{wrong} of {len(findings)} findings are wrong: a run would fail" if wrong else "Nothing is wrong"


def render_json(findings: Sequence[Finding]) -> str:
    """Return a report as a JSON object: `ok`, and the `findings`, each with `status`, `subject`, `message`, `advice`.

    Args:
        findings: What was found, in order.
    """
    ok = all(finding.status != "wrong" for finding in findings)
    return json.dumps({"ok": ok, "findings": [asdict(finding) for finding in findings]}, ensure_ascii=False, indent=2)
