"""What to do about rejected records."""

from __future__ import annotations

from target_selligent.rejects.mending import how_to_mend
from tests.test_docs import reject_codes


def test_each_code_of_the_target_has_its_own_advice() -> None:
    """For Selligent's codes, which are not known, there is a general one."""
    general = how_to_mend("SomethingOfSelligent")
    advice = [how_to_mend(code) for code in reject_codes()]
    assert general not in advice
    assert len(set(advice)) == len(advice)
