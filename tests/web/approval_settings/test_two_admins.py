"""Two admins with the same page open: one saves, the other is told, loses nothing typed and can go on."""

from __future__ import annotations

from typing import Any

import pytest

from portal.extensions import db
from portal.models import ApprovalTemplate, AuditEntry
from portal.models.person import Role
from portal.services.audit import PORTAL
from tests.portal_world import AGENT_ID, CORP_ID, World
from tests.services.together import DONE, at_once
from tests.web.approval_settings.admin_browser import AdminBrowser, hidden, words

# Of each form: where it goes, what the second admin typed, and what must still stand there afterwards.
FORMS: dict[str, tuple[str, dict[str, Any], str]] = {
    "switches": ("/switches", {"is_dingtalk_channel_on": "y"}, 'checked class="form-check-input"'),
    "dingtalk app": (
        "/dingtalk-app",
        {"corp_id": CORP_ID, "app_key": "dingtypedjustnow", "agent_id": str(AGENT_ID)},
        'value="dingtypedjustnow"',
    ),
    "fallback approver": (
        "/fallback-approver",
        {"fallback_approver": "iris", "q": "iris"},
        'id="fallback_approver-iris" value="iris" checked',
    ),
    "association": ("/template/association", {}, 'name="template_id"'),
    "notices": ("/notices", {"notice_approved": "y"}, 'checked class="form-check-input"'),
    "retention": ("/events/retention", {"payload_kept_days": "77"}, 'value="77"'),
}


@pytest.fixture
def henry(world: World, alice: AdminBrowser) -> AdminBrowser:
    """Another organization admin, once a template is there to be associated."""
    alice.generate()
    with world.app.app_context():
        world.services.people.grant_role(
            PORTAL, corp_id=CORP_ID, user_id="henry", role=Role.ORGANIZATION_ADMIN, name="Henry"
        )
    return AdminBrowser(world.client("henry"))


def filled(world: World, name: str) -> tuple[str, dict[str, Any], str]:
    path, typed, kept = FORMS[name]
    with world.app.app_context():
        if name == "association":
            typed = {"template_id": db.session.query(ApprovalTemplate).one().id}
        binding, settings = world.services.dingtalk_apps.view(), world.services.approval_settings.current()
        version = binding.version if name == "dingtalk app" else settings.version
    return path, {**typed, "version": str(version)}, kept


@pytest.mark.parametrize("has_script", [True, False])
@pytest.mark.parametrize("name", FORMS)
def test_the_second_admin_is_told_keeps_what_was_typed_and_may_replace_it(
    world: World, alice: AdminBrowser, henry: AdminBrowser, name: str, has_script: bool
) -> None:
    path, typed, kept = filled(world, name)
    first = {**typed, "agent_id": "7"} if name == "dingtalk app" else typed
    first = {**typed, "fallback_approver": "chen"} if name == "fallback approver" else first
    first = {**typed, "payload_kept_days": "9"} if name == "retention" else first
    assert alice.post(path, **first).status_code == 303

    refused = henry.post(path, has_script=has_script, **typed)
    assert refused.status_code == 409
    assert "Another admin saved these settings meanwhile" in words(refused.text)
    assert kept in refused.text

    version = hidden(_form_of(refused.text, path), "version")
    assert henry.post(path, **{**typed, "version": version}).status_code == 303


@pytest.mark.parametrize("name", FORMS)
def test_of_two_saves_at_the_same_moment_one_is_stored_and_one_is_told(
    world: World, alice: AdminBrowser, henry: AdminBrowser, name: str
) -> None:
    path, typed, _ = filled(world, name)
    before = world.look(lambda: db.session.query(AuditEntry).count())
    answers: list[int] = []
    verdicts = at_once(
        world,
        lambda: answers.append(alice.post(path, **typed).status_code),
        lambda: answers.append(henry.post(path, **typed).status_code),
    )
    assert verdicts == [DONE, DONE]
    assert sorted(answers) == [303, 409]
    assert world.look(lambda: db.session.query(AuditEntry).count()) == before + 1


def _form_of(page: str, path: str) -> str:
    """Return the form that goes to this address."""
    return page[page.index(f'action="/settings/approval{path}"') :]
