"""Settings: no admin overwrites another, no secret is readable at rest, every change has its entry."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.database import transaction
from portal.extensions import db
from portal.models import ApprovalSettings, ApprovalTemplate, AuditEntry, DingTalkApp, Person
from portal.models.person import Role
from portal.services.approval_settings import Switches
from portal.services.audit import Actor
from portal.services.dingtalk_app import BindingForm, generate_aes_key, generate_callback_token
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.settings import SettingsError
from tests.portal_world import AES_KEY, AGENT_ID, APP_KEY, APP_SECRET, CORP_ID, TOKEN, World
from tests.services.engines import on_both_engines
from tests.services.story import actor_named, audited, set_up
from tests.services.together import DONE, at_once
from tests.web.approval_settings.admin_browser import make_template

pytestmark = on_both_engines
SECRETS = (APP_SECRET, TOKEN, AES_KEY)


def binding(**changes: object) -> BindingForm:
    given = {
        "corp_id": CORP_ID,
        "app_key": APP_KEY,
        "agent_id": str(AGENT_ID),
        "app_secret": "",
        "callback_token": "",
        "callback_aes_key": "",
        "version": 1,
        **changes,
    }
    return BindingForm(**given)  # type: ignore[arg-type]


def switches(version: int) -> Switches:
    return Switches(is_enabled=True, is_dingtalk_channel_on=True, version=version)


def test_of_two_admins_saving_the_second_is_told(world: World) -> None:
    with world.app.app_context():
        settings, apps, alice = (
            world.services.approval_settings,
            world.services.dingtalk_apps,
            actor_named("alice"),
        )
        seen = settings.current().version
        settings.save_switches(alice, switches(seen))
        for save in (
            lambda: settings.save_switches(alice, switches(seen)),
            lambda: settings.choose_fallback_approver(alice, user_id="iris", version=seen),
            lambda: settings.associate(alice, template_id=1, version=seen),
            lambda: settings.keep_payloads_for(alice, days=7, version=seen),
            lambda: settings.set_monthly_quota(alice, calls=9000, version=seen),
            lambda: apps.save(alice, binding(version=0)),
            lambda: apps.save(alice, binding(version=7)),
        ):
            with pytest.raises(Problem) as second:
                save()
            assert second.value.reason == ProblemReason.SETTINGS_CHANGED


SAVES: dict[str, Callable[[World, Actor, int], object]] = {
    "switches": lambda world, actor, version: world.services.approval_settings.save_switches(
        actor, switches(version)
    ),
    "fallback approver": lambda world, actor, version: (
        world.services.approval_settings.choose_fallback_approver(actor, user_id="iris", version=version)
    ),
    "association": lambda world, actor, version: world.services.approval_settings.associate(
        actor, template_id=db.session.query(ApprovalTemplate.id).scalar(), version=version
    ),
    "retention": lambda world, actor, version: world.services.approval_settings.keep_payloads_for(
        actor, days=7, version=version
    ),
    "quota": lambda world, actor, version: world.services.approval_settings.set_monthly_quota(
        actor, calls=9000, version=version
    ),
    "binding": lambda world, actor, version: world.services.dingtalk_apps.save(
        actor, binding(agent_id="7", version=version)
    ),
}
SHARING_A_VERSION = [name for name in SAVES if name != "binding"]


@pytest.mark.parametrize("first", SAVES)
def test_of_admins_saving_the_same_form_at_the_same_moment_exactly_one_wins(world: World, first: str) -> None:
    set_up(world)
    alice, versions = world.look(lambda: actor_named("alice")), world.look(lambda: versions_of(world))
    version = versions["binding" if first == "binding" else "settings"]
    verdicts = at_once(world, *[partial(SAVES[first], world, alice, version)] * 4)
    assert sorted(verdicts) == [DONE, *["settings_changed"] * 3]
    after = world.look(lambda: versions_of(world))
    assert sum(after.values()) == sum(versions.values()) + 1


def test_of_admins_saving_different_forms_at_the_same_moment_one_wins_and_the_others_are_told(
    world: World,
) -> None:
    set_up(world)
    alice, versions = world.look(lambda: actor_named("alice")), world.look(lambda: versions_of(world))
    before = world.look(lambda: db.session.query(AuditEntry).count())
    saves = [partial(SAVES[name], world, alice, versions["settings"]) for name in SHARING_A_VERSION]
    verdicts = at_once(world, *saves)
    assert sorted(verdicts) == [DONE, *["settings_changed"] * (len(saves) - 1)]
    assert world.look(lambda: db.session.query(AuditEntry).count()) == before + 1


def test_of_admins_saving_for_the_very_first_time_at_the_same_moment_one_wins(world: World) -> None:
    world.client("alice")
    alice = world.look(lambda: actor_named("alice"))
    names = [name for name in SHARING_A_VERSION if name != "association"]
    verdicts = at_once(world, *[partial(SAVES[name], world, alice, 1) for name in names])
    assert sorted(verdicts) == [DONE, *["settings_changed"] * (len(names) - 1)]


def test_a_person_chosen_for_the_first_time_by_several_at_the_same_moment_is_kept_once(world: World) -> None:
    at_once(world, *[lambda: world.services.people.remember("iris")] * 4)
    assert world.look(lambda: db.session.query(Person).filter_by(user_id="iris").count()) == 1


def test_a_custom_template_chosen_by_several_at_the_same_moment_is_kept_once(world: World) -> None:
    world.client("alice")
    code = make_template(world, name="Ours", labels=["Request number", "Reason"])

    def keep() -> None:
        alice = db.session.query(Person).filter_by(user_id="alice").one()
        world.services.custom_templates.keep(actor_named("alice"), alice, process_code=code, accepts=())

    assert at_once(world, *[keep] * 4) == [DONE] * 4
    assert world.look(lambda: db.session.query(ApprovalTemplate).count()) == 1


def test_of_admins_generating_at_the_same_moment_one_generates_and_all_get_one_template(world: World) -> None:
    world.client("alice")

    def generate() -> None:
        alice = db.session.query(Person).filter_by(user_id="alice").one()
        world.services.template_generation.generate(actor_named("alice"), alice)

    verdicts = at_once(world, *[generate] * 3)
    assert set(verdicts) <= {DONE, "generation_running"}
    assert DONE in verdicts
    assert world.look(lambda: db.session.query(ApprovalTemplate).count()) == 1
    assert len(world.control("GET", "/templates")["templates"]) == 1


def versions_of(world: World) -> dict[str, int]:
    return {
        "settings": world.services.approval_settings.current().version,
        "binding": world.services.dingtalk_apps.view().version,
    }


def test_secrets_are_nowhere_readable_in_the_database(world: World) -> None:
    with world.app.app_context():
        world.services.dingtalk_apps.save(actor_named("alice"), binding(app_secret="a-new-app-secret-1"))
        row = db.session.get_one(DingTalkApp, 1)
        columns = [str(value) for value in vars(row).values()]
        audit = json.dumps([[each.before, each.after] for each in db.session.query(AuditEntry)])
    kept = "".join(columns) + audit
    if world.settings.is_sqlite:
        files = list(world.settings.instance_path.glob("portal.sqlite3*"))
        assert len(files) >= 1
        kept += "".join(path.read_bytes().decode("latin-1") for path in files)
    for secret in (*SECRETS, "a-new-app-secret-1"):
        assert secret not in kept
    assert "secrets_replaced" in audit


def test_what_the_page_shows_of_the_binding_holds_no_secret(world: World) -> None:
    with world.app.app_context():
        shown = repr(world.services.dingtalk_apps.view())
        opened = repr(world.services.template_generation.connection.binding())
    assert not [secret for secret in SECRETS if secret in shown + opened]


def test_an_empty_secret_keeps_the_stored_one(world: World) -> None:
    with world.app.app_context():
        apps = world.services.dingtalk_apps
        apps.save(actor_named("alice"), binding(callback_token="another1"))
        kept = world.services.template_generation.connection.binding()
        assert (kept.app_secret, kept.callback_token) == (APP_SECRET, "another1")
        assert apps.check_connection(actor_named("alice")) is None


def test_another_organisation_starts_without_the_template_and_approvers_of_the_first(world: World) -> None:
    set_up(world)
    with world.app.app_context():
        settings, alice = world.services.approval_settings, actor_named("alice")
        settings.choose_fallback_approver(alice, user_id="iris", version=settings.current().version)
        app = world.services.dingtalk_apps.view()
        world.services.dingtalk_apps.save(alice, binding(corp_id="dingothercorp", version=app.version))
        db.session.rollback()
        assert settings.current().template is None
        assert settings.current().fallback_approver is None
        assert settings.current().is_enabled


def test_a_wrong_secret_is_recorded_by_the_check_and_a_right_one_too(world: World) -> None:
    with world.app.app_context():
        apps = world.services.dingtalk_apps
        apps.save(actor_named("alice"), binding(app_secret="wrong-secret"))
        failure = apps.check_connection(actor_named("alice"))
        assert failure is not None
        assert failure.kind == "credentials_wrong"
        assert apps.view().connection_failure == failure
        apps.save(actor_named("alice"), binding(app_secret=APP_SECRET, version=2))
        assert apps.check_connection(actor_named("alice")) is None
        assert apps.view().connection_failure is None
        assert apps.view().connection_checked_at is not None


def test_another_secret_key_is_a_failure_with_a_name_and_not_an_error(world: World) -> None:
    with world.app.app_context():
        with transaction() as session:
            session.get_one(DingTalkApp, 1).app_secret_sealed = "v1.00000000.AAAA"
        failure = world.services.dingtalk_apps.check_connection(actor_named("alice"))
        assert failure is not None
        assert failure.kind == "secrets_unreadable"
    assert world.app.test_client().get("/sign-in/dingtalk").status_code < 500


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("corp_id", ""),
        ("corp_id", "two words"),
        ("app_key", "<script>"),
        ("app_key", "x" * 65),
        ("agent_id", "seven"),
        ("agent_id", "７"),
        ("agent_id", "9" * 30),
        ("app_secret", "x" * 129),
        ("callback_token", "ab"),
        ("callback_token", "with-dash"),
        ("callback_aes_key", "short"),
        ("callback_aes_key", "+" * 43),
    ],
)
def test_bad_fields_are_named_and_nothing_is_saved(world: World, field: str, value: str) -> None:
    with world.app.app_context():
        with pytest.raises(FieldFault) as fault:
            world.services.dingtalk_apps.save(actor_named("alice"), binding(**{field: value}))
        assert fault.value.field == field
        assert world.services.dingtalk_apps.view().version == 1


def test_made_up_callback_keys_are_accepted_by_our_own_rules(world: World) -> None:
    with world.app.app_context():
        made = binding(callback_token=generate_callback_token(), callback_aes_key=generate_aes_key())
        world.services.dingtalk_apps.save(actor_named("alice"), made)
        assert world.services.dingtalk_apps.view().version == 2


@pytest.mark.parametrize("user_id", ["frank", "victor", "olga", "nobody"])
def test_the_fallback_approver_must_be_an_active_member(world: World, user_id: str) -> None:
    with world.app.app_context():
        settings, alice = world.services.approval_settings, actor_named("alice")
        version = settings.current().version
        with pytest.raises(FieldFault) as fault:
            settings.choose_fallback_approver(alice, user_id=user_id, version=version)
    assert fault.value.reason == "not_in_organisation"


CHANGES: dict[str, Callable[[World], object]] = {
    "approval_settings.switched": lambda world: world.services.approval_settings.save_switches(
        actor_named("alice"), switches(world.services.approval_settings.current().version)
    ),
    "fallback_approver.chosen": lambda world: world.services.approval_settings.choose_fallback_approver(
        actor_named("alice"), user_id="iris", version=world.services.approval_settings.current().version
    ),
    "dingtalk_app.saved": lambda world: world.services.dingtalk_apps.save(
        actor_named("alice"), binding(agent_id="7")
    ),
    "dingtalk_app.checked": lambda world: world.services.dingtalk_apps.check_connection(actor_named("alice")),
    "approval_settings.retention_set": lambda world: world.services.approval_settings.keep_payloads_for(
        actor_named("alice"), days=7, version=world.services.approval_settings.current().version
    ),
    "approval_template.associated": lambda world: world.services.approval_settings.associate(
        actor_named("alice"),
        template_id=db.session.query(ApprovalTemplate).one().id,
        version=world.services.approval_settings.current().version,
    ),
}


@pytest.mark.parametrize("action", CHANGES)
def test_a_change_and_its_audit_entry_are_kept_together_or_not_at_all(world: World, action: str) -> None:
    set_up(world)
    before = everything_configured(world)
    entries = world.look(lambda: db.session.query(AuditEntry).count())
    with refused_audit(world), world.app.app_context(), pytest.raises(SQLAlchemyError):
        CHANGES[action](world)
    assert everything_configured(world) == before
    assert world.look(lambda: db.session.query(AuditEntry).count()) == entries

    had = len(world.look(lambda: audited(action)))
    with world.app.app_context():
        CHANGES[action](world)
    entry = world.look(lambda: audited(action))[-1]
    assert len(world.look(lambda: audited(action))) == had + 1
    assert (entry.actor_name, entry.address) == ("Alice Zhang 张爱丽", "127.0.0.1")


def everything_configured(world: World) -> list[object]:
    tables = (ApprovalSettings.__table__, DingTalkApp.__table__)
    return world.look(  # type: ignore[no-any-return]
        lambda: [db.session.execute(table.select()).tuples().all() for table in tables]
    )


class refused_audit:  # noqa: N801  reads as a sentence
    """Let the database refuse audit entries."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __enter__(self) -> None:
        if self._world.settings.is_sqlite:
            self._run(
                "CREATE TRIGGER refused BEFORE INSERT ON portal_audit_entry "
                "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        else:
            self._run("ALTER TABLE portal_audit_entry ADD CONSTRAINT refused CHECK (id < 0) NOT VALID")

    def __exit__(self, *_: object) -> None:
        if self._world.settings.is_sqlite:
            self._run("DROP TRIGGER refused")
        else:
            self._run("ALTER TABLE portal_audit_entry DROP CONSTRAINT refused")

    def _run(self, statement: str) -> None:
        with self._world.app.app_context(), transaction() as session:
            session.execute(text(statement))


@pytest.mark.parametrize(
    "wrong",
    [{"callback_aes_key": "short"}, {"callback_token": "a-b"}, {"agent_id": "seven"}, {"corp_id": ""}],
)
def test_a_first_binding_of_the_wrong_form_is_a_fault_of_the_environment(
    world: World, wrong: dict[str, str]
) -> None:
    with world.app.app_context():
        with transaction() as session:
            session.delete(session.get_one(DingTalkApp, 1))
        with pytest.raises(SettingsError) as error:
            world.services.dingtalk_apps.bind_initially(replace(world.settings.initial_binding, **wrong))
    assert error.value.faults[0].startswith(f"DINGTALK_{next(iter(wrong)).upper()} ")


def test_processes_that_bind_first_at_the_same_moment_bind_once(world: World) -> None:
    with world.app.app_context(), transaction() as session:
        session.delete(session.get_one(DingTalkApp, 1))
    together, errors = threading.Barrier(4), []

    def bind() -> None:
        with world.app.app_context():
            together.wait(30)
            try:
                world.services.dingtalk_apps.bind_initially(world.settings.initial_binding)
            except Exception as error:
                errors.append(error)

    processes = [threading.Thread(target=bind) for _ in range(4)]
    for each in processes:
        each.start()
    for each in processes:
        each.join(20)
    assert errors == []
    assert world.look(lambda: db.session.get_one(DingTalkApp, 1).version) == 1


def test_a_role_given_twice_is_one_role_and_one_entry(world: World) -> None:

    with world.app.app_context():
        for _ in range(2):
            world.services.people.grant_role(
                actor_named("alice"), corp_id=CORP_ID, user_id="dora", role=Role.ORGANIZATION_ADMIN
            )
        dora = db.session.query(Person).filter_by(user_id="dora").one()
        assert dora.is_organization_admin
        assert [entry.after["name"] for entry in audited("role.given")][1:] == ["dora"]
