"""The settings page knows what is done and what comes next."""

from __future__ import annotations

from itertools import product

import pytest

from portal.web.approval_settings.next_step import Achieved, Step, next_step, steps_done
from tests.web.approval_settings.admin_browser import AdminBrowser, words

FACTS = ("is_bound", "is_enabled", "is_associated", "is_tested", "is_proved")


@pytest.mark.parametrize("done", range(len(FACTS) + 1))
def test_the_next_step_is_the_first_that_is_not_done(done: int) -> None:
    achieved = Achieved(**{fact: position < done for position, fact in enumerate(FACTS)})
    assert next_step(achieved) == (list(Step)[done] if done < len(FACTS) else None)


def test_nothing_is_next_only_when_everything_is_done() -> None:
    for facts in product((False, True), repeat=len(FACTS)):
        achieved = Achieved(**dict(zip(FACTS, facts, strict=True)))
        assert (next_step(achieved) is None) == all(steps_done(achieved).values())


def test_the_page_leads_from_step_to_step(alice: AdminBrowser) -> None:
    assert "Next step Enable Approval Flow" in words(alice.get().text)
    alice.post("/switches", is_enabled="y", version="1")
    assert "Next step Associate an approval template" in words(alice.get().text)
    alice.associate_official()
    assert "Next step Test the whole way" in words(alice.get().text)
    alice.post("/trials", approver="chen")
    assert "Next step Receive the start event" in words(alice.get().text)
