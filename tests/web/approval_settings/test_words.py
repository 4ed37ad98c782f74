"""Every failure, problem, fault and finding has words: what happened, why, and what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.channels.dingtalk.callback import RefusalReason
from portal.channels.failures import Failure, OwnFailure, Retry
from portal.dingtalk.failure_codes import FailureClass
from portal.dingtalk.operations import Operation
from portal.rules.official_form import FormFieldName
from portal.services.events.callback_diagnosis import Finding
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.web.words.callbacks import finding_words, refusal_words, trial_finding_words
from portal.web.words.failures import failure_words
from portal.web.words.faults import fault_sentence
from portal.web.words.form_fields import form_field_name
from portal.web.words.links import safe_link
from portal.web.words.permissions import missing_permissions
from portal.web.words.problems import problem_words
from tests.portal_world import World

SERVICES = Path(__file__).resolve().parents[3] / "portal" / "services"
# What proves who calls needs no permission.
WITH_PERMISSION = [each for each in Operation if "oken" not in each and each != Operation.OPEN_CONNECTION]
UNEXPECTED = "DingTalk answered something unexpected"
UNFORESEEN = "This cannot be used. Check it and try again."
FACTS = {
    "name": "Iris He",
    "people": "Kate Xu",
    "limit": "2000",
    "added": "a",
    "removed": "b",
    "minutes": "2",
    "node": "Finance",
    "code": "143105",
    "error": "TimeoutError",
}


@pytest.fixture(autouse=True)
def _in_a_request(shared_world: World) -> Iterator[None]:
    with shared_world.app.test_request_context():
        yield


def failure(kind: str, **facts: object) -> Failure:
    return Failure(kind=kind, retry=Retry.PERMANENT, **facts)


@pytest.mark.parametrize("kind", [*FailureClass, *OwnFailure])
def test_every_failure_says_what_happened_why_and_what_to_do(kind: str) -> None:
    words = failure_words(failure(kind, facts=FACTS))
    for text in (words.title, words.reason, words.remedy):
        assert text
        assert "%(" not in text
    assert (words.title == UNEXPECTED) == (kind == FailureClass.UNEXPECTED)


def test_a_failure_of_another_version_reads_as_unexpected() -> None:
    assert failure_words(failure("from_the_future")).title == UNEXPECTED


@pytest.mark.parametrize("reason", list(ProblemReason))
def test_every_problem_says_what_happened_why_and_what_to_do(reason: ProblemReason) -> None:
    words = problem_words(Problem(reason, **FACTS))
    for text in (words.title, words.reason, words.next_step):
        assert text
        assert "%(" not in str(text)


def test_a_name_with_a_percent_sign_is_text() -> None:
    assert "100 %(people)s" in str(
        problem_words(Problem(ProblemReason.NAME_TAKEN, name="100 %(people)s")).reason
    )


@pytest.mark.parametrize("finding", list(Finding))
def test_every_finding_says_what_is_wrong_and_where_to_click(finding: Finding) -> None:
    assert str(finding_words(finding).title)
    assert trial_finding_words(finding).steps, "a Test without its event always has something to do"


@pytest.mark.parametrize("reason", list(RefusalReason))
def test_every_refusal_has_words(reason: RefusalReason) -> None:
    assert refusal_words(reason)


@pytest.mark.parametrize("name", list(FormFieldName))
def test_every_form_field_has_a_name(name: FormFieldName) -> None:
    assert form_field_name(name)


def raised_faults() -> set[tuple[str, str]]:
    """Find ``FieldFault("field", "reason")`` in the services."""
    found = set()
    for path in SERVICES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "FieldFault":
                texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
                if len(texts) == 2:
                    found.add((texts[0], texts[1]))
    return found


def test_every_fault_that_a_service_raises_has_its_sentence() -> None:
    faults = raised_faults() | {("days", "too_far"), ("until", "past"), ("until", "too_far")}
    assert len(faults) > 15
    wordless = {fault for fault in faults if fault_sentence(FieldFault(*fault, **FACTS)) == UNFORESEEN}
    assert not wordless


@pytest.mark.parametrize("operation", WITH_PERMISSION)
def test_a_missing_permission_is_named_also_where_dingtalk_does_not_name_it(operation: str) -> None:
    named = missing_permissions(failure(FailureClass.PERMISSION_MISSING, operation=operation))
    assert len(named) == 1
    assert named[0].name != named[0].code


def test_a_permission_that_dingtalk_names_wins() -> None:
    told = failure(FailureClass.PERMISSION_MISSING, operation="forecast", required_scopes=("New.Scope",))
    assert [(each.name, each.code) for each in missing_permissions(told)] == [("New.Scope", "New.Scope")]


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "http://evil.example/appscope/apply",
        "http://127.0.0.1.evil.example/",
        "ftp://127.0.0.1/",
        "http://[::1",
    ],
)
def test_a_link_that_could_do_harm_is_not_shown(address: str | None) -> None:
    assert safe_link(address) == ""


@pytest.mark.parametrize(
    "address",
    [
        "https://open-dev.dingtalk.com/appscope/apply?content=k%23s",
        "http://127.0.0.1:8001/x",
        "http://[::1]:1/",
    ],
)
def test_links_by_https_or_to_this_machine_are_shown(address: str) -> None:
    assert safe_link(address) == address
