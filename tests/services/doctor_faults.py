"""Everything that can break between the portal and DingTalk: how, which line tells, and what mends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from sqlalchemy import delete, insert, select, text, update

from portal.channels.failures import Failure, Retry
from portal.database import transaction
from portal.extensions import db
from portal.migrating import migration_head
from portal.models import (
    Absence,
    Approval,
    ApprovalSettings,
    ApprovalTemplate,
    CallbackEvent,
    CallbackTally,
    DingTalkApp,
    Person,
    StreamConnection,
    WorkerHeartbeat,
)
from portal.models.callback_event import EventState
from portal.rules.official_form import OFFICIAL_FIELDS
from portal.secret_box import SecretBox
from portal.services.audit import PORTAL
from portal.services.dingtalk_app import BindingForm
from portal.services.doctor.checks import CheckName, CheckState
from portal.services.doctor.findings import Found
from portal.services.events.stream_connections import ListenerState
from tests.portal_world import AES_KEY, AGENT_ID, APP_KEY, APP_SECRET, CORP_ID, SECRET_KEY, TOKEN, World
from tests.services.doctor_story import (
    change_settings,
    let_a_worker_live,
    person_id,
    press_save_in_dingtalk,
)
from tests.services.story import approval_of, started
from tests.web.callbacks.calling import event, post_event, post_sealed, seal

Step = Callable[[World], None]
# As the sandbox makes a template's flow.
AS_GENERATED = [
    {"name": "审批人", "rule": "selected_by_initiator"},
    {"name": "抄送人", "rule": "selected_by_initiator", "actor": "notifier", "required": False},
]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """``breaks`` turns the line ``red`` with ``found``, and ``mends`` does what its remedy says."""

    red: CheckName
    found: Found
    breaks: Step
    mends: Step
    state: CheckState = CheckState.FAILED

    def __str__(self) -> str:
        return self.found.value


def deny(permission: str) -> Step:
    return lambda world: world.control("PUT", "/permissions", {permission: False})


def grant(permission: str) -> Step:
    return lambda world: world.control("PUT", "/permissions", {permission: True})


def answer(operation: str, part: str) -> Step:
    body = {"fault": "code_before", "operation": operation, "part": part, "count": 10_000}
    return lambda world: world.control("POST", "/faults", body)


def no_more_faults(world: World) -> None:
    world.control("DELETE", "/faults")


def permission(name: CheckName, scope: str) -> Fault:
    return Fault(red=name, found=Found.REFUSED, breaks=deny(scope), mends=grant(scope))


def write(statement: Any) -> Step:
    def do(world: World) -> None:
        with world.app.app_context(), transaction() as session:
            session.execute(statement)

    return do


def sql(statement: str) -> Step:
    return write(text(statement))


def forget_the_app(world: World) -> None:
    write(delete(DingTalkApp))(world)


def connect_the_app(world: World) -> None:
    with world.app.app_context():
        world.services.dingtalk_apps.bind_initially(world.settings.initial_binding)
    press_save_in_dingtalk(world)


def enter(**secrets: str) -> Step:
    """Enter secrets under “DingTalk app” and save, as an admin does."""

    def do(world: World) -> None:
        with world.app.app_context():
            apps = world.services.dingtalk_apps
            form = BindingForm(
                corp_id=CORP_ID,
                app_key=APP_KEY,
                agent_id=str(AGENT_ID),
                app_secret="",
                callback_token="",
                callback_aes_key="",
                version=apps.view().version,
            )
            apps.save(PORTAL, replace(form, **secrets))

    return do


def store(column: str, value: str) -> Step:
    """Keep a secret that no form would have taken; an empty one does not even open."""
    sealed = SecretBox(SECRET_KEY).seal(value, place=f"portal_dingtalk_app.{column}.1") if value else "v1.x.y"

    def do(world: World) -> None:
        values = {
            f"{column}_sealed": sealed,
            "version": DingTalkApp.version + 1,
            "updated_at": world.clock.now(),
        }
        write(update(DingTalkApp).values(values))(world)

    return do


def stop_the_worker(world: World) -> None:
    write(delete(WorkerHeartbeat))(world)


def leave_an_event(world: World, **values: object) -> None:
    with world.app.app_context(), transaction() as session:
        session.add(
            CallbackEvent(
                event_key="left-behind",
                event_type="bpms_instance_change",
                owner_key_kind="app_key",
                payload="{}",
                received_at=world.clock.now(),  # else it would seem that nothing was heard since
                **values,
            )
        )


def let_an_event_wait(world: World) -> None:
    due_at = world.clock.now() - timedelta(minutes=20)
    leave_an_event(world, state=EventState.RECEIVED, due_at=due_at)


def park_an_event(world: World) -> None:
    leave_an_event(world, state=EventState.PARKED, reason="unknown_instance")


settle_the_event = sql("DELETE FROM portal_callback_event WHERE event_key = 'left-behind'")


def template_code() -> str:
    return db.session.scalars(
        select(ApprovalTemplate.process_code).join(
            ApprovalSettings, ApprovalSettings.template_id == ApprovalTemplate.id
        )
    ).one()


def in_the_designer(path: str, body: dict[str, Any], *, method: str = "PATCH") -> Step:
    return lambda world: world.control(method, f"/templates/{world.look(template_code)}{path}", body)


def forget_the_template(world: World) -> None:
    change_settings(world, template_id=None)


def associate_the_template(world: World) -> None:
    template_id = world.look(lambda: db.session.scalar(select(ApprovalTemplate.id)))
    change_settings(world, template_id=template_id)


def edit_the_form(**changes: Any) -> Step:
    """Let somebody edit the form in DingTalk: labels by ours, the level's options, one more required field."""

    def do(world: World) -> None:
        labels, more = changes.get("labels", {}), changes.get("more", "")
        components = [
            _component("TextareaField" if field.is_long else "TextField", field.component_id, label)
            for field in OFFICIAL_FIELDS
            for label in [labels.get(field.labels["en"], field.labels["en"])]
            if label
        ]
        if "levels" in changes:
            level = _component("DDSelectField", "TextField-portal-level", "Level")
            level["props"]["options"] = [{"key": each, "value": each} for each in changes["levels"]]
            components = [each if each["props"]["label"] != "Level" else level for each in components]
        if more:
            components.append(_component("TextField", "TextField-more", more))
        url = world.sandbox.url
        secret = {"appKey": APP_KEY, "appSecret": APP_SECRET}
        token = requests.post(f"{url}/v1.0/oauth2/accessToken", json=secret, timeout=60).json()["accessToken"]
        saved = requests.post(
            f"{url}/v1.0/workflow/forms",
            json={
                "processCode": world.look(template_code),
                "name": "Quick BI Permission Request",
                "formComponents": components,
            },
            headers={"x-acs-dingtalk-access-token": token},
            timeout=60,
        )
        assert saved.ok, saved.text

    return do


def _component(kind: str, component_id: str, label: str) -> dict[str, Any]:
    return {
        "componentType": kind,
        "props": {"componentId": component_id, "label": label, "required": True},
    }


def call_with(**wrong: str) -> Step:
    """Let DingTalk call with other keys than the portal's."""

    def do(world: World) -> None:
        _let_the_second_pass()
        if "token" in wrong:
            post_sealed(world, seal(event()), token=wrong["token"])
        else:
            post_event(world, event(), **wrong)

    return do


def _let_the_second_pass() -> None:
    """What is refused is kept by the second: let it be later than the last event."""
    now = datetime.now(UTC).replace(microsecond=0)
    while datetime.now(UTC).replace(microsecond=0) == now:
        time.sleep(0.02)


def subscribe_rightly(world: World) -> None:
    """Paste the right keys, press Save, and let DingTalk send an event."""
    press_save_in_dingtalk(world)
    number, _ = started(world)
    world.work_until(lambda: approval_of(number).heard_at is not None, seconds=60)


def lose_the_events(world: World) -> None:
    """Let an approval be started long ago, and nothing be heard since."""
    then = world.clock.now() - timedelta(minutes=20)
    write(update(Approval).values(starting_at=then, started_at=then))(world)
    write(delete(CallbackEvent))(world)
    write(delete(CallbackTally))(world)


def choose_stream(world: World) -> None:
    change_settings(world, event_road="stream")


def listen(state: ListenerState, failure: Failure | None = None) -> Step:
    """Choose Stream, and let one process say how it stands."""

    def do(world: World) -> None:
        choose_stream(world)
        at = world.clock.now() + timedelta(minutes=10)  # outlasts the test
        row = {"listener": "test", "started_at": at, "seen_at": at, "reconnects": 0, "state": state.value}
        is_connected = state is ListenerState.CONNECTED
        told = failure.to_json() if failure else None
        write(
            insert(StreamConnection).values(**row, connected_at=at if is_connected else None, failure=told)
        )(world)

    return do


def choose_callback(world: World) -> None:
    write(delete(StreamConnection))(world)
    change_settings(world, event_road="callback")


def use_up_the_calls(world: World) -> None:
    world.control("PUT", "/settings", {"monthly_quota": 1})


def buy_calls(world: World) -> None:
    world.control("PUT", "/settings", {"monthly_quota": 0})
    with world.app.app_context():
        world.services.dingtalk_calls.try_again_now(PORTAL)


def let_chen_leave(world: World) -> None:
    world.control("PATCH", "/people/chen", {"active": False})


def send_chen_on_leave(world: World) -> None:
    """Let the fallback approver be on leave, and the one who stands in for them have left."""
    today = world.look(world.services.absences.today)
    with world.app.app_context(), transaction() as session:
        session.add(
            Absence(
                person_id=person_id("chen"), delegate_id=person_id("frank"), starts_on=today, ends_on=today
            )
        )
        session.execute(update(Person).filter_by(user_id="frank").values(is_active=False))


def end_all_leaves(world: World) -> None:
    with world.app.app_context(), transaction() as session:
        session.execute(delete(Absence))
        session.execute(update(Person).filter_by(user_id="frank").values(is_active=True))


def let_chen_return(world: World) -> None:
    world.control("PATCH", "/people/chen", {"active": True})


def nobody_decides(world: World) -> None:
    change_settings(world, fallback_approver_id=None)


def chen_decides(world: World) -> None:
    change_settings(world, fallback_approver_id=world.look(lambda: person_id("chen")))


WARNING = CheckState.WARNING
NOT_WHITE_LISTED = "403 Forbidden.AccessDenied.IpNotInWhiteList"
MEMBERS_ONLY = [{"rule": "specified_members", "people": ["kate"], "name": "Finance"}]

FAULTS = (
    Fault(
        red=CheckName.DATABASE,
        found=Found.DATABASE_OLD,
        breaks=sql("UPDATE alembic_version SET version_num = '0001'"),
        mends=write(text("UPDATE alembic_version SET version_num = :head").bindparams(head=migration_head())),
    ),
    Fault(
        red=CheckName.WORKER,
        found=Found.WORKER_MISSING,
        breaks=stop_the_worker,
        mends=let_a_worker_live,
    ),
    Fault(
        red=CheckName.EVENT_INBOX,
        found=Found.INBOX_STUCK,
        breaks=let_an_event_wait,
        mends=settle_the_event,
    ),
    Fault(
        red=CheckName.EVENT_INBOX,
        found=Found.INBOX_PARKED,
        breaks=park_an_event,
        mends=settle_the_event,
        state=WARNING,
    ),
    Fault(
        red=CheckName.APP_BOUND,
        found=Found.NOT_BOUND,
        breaks=forget_the_app,
        mends=connect_the_app,
    ),
    Fault(
        red=CheckName.APP_BOUND,
        found=Found.SECRETS_UNREADABLE,
        breaks=store("app_secret", ""),
        mends=enter(app_secret=APP_SECRET),
    ),
    Fault(
        red=CheckName.CREDENTIALS,
        found=Found.REFUSED,
        breaks=enter(app_secret="somebody-elses-secret"),
        mends=enter(app_secret=APP_SECRET),
    ),
    Fault(
        red=CheckName.CREDENTIALS,
        found=Found.NOT_TOLD,
        breaks=answer("accessToken", "500 systemError"),
        mends=no_more_faults,
    ),
    Fault(
        red=CheckName.IP_ALLOWED,
        found=Found.REFUSED,
        breaks=answer("*", NOT_WHITE_LISTED),
        mends=no_more_faults,
    ),
    permission(CheckName.FORM_READ, "Workflow.Form.Read"),
    permission(CheckName.FORM_WRITE, "Workflow.Form.Write"),
    permission(CheckName.INSTANCE_READ, "Workflow.Instance.Read"),
    permission(CheckName.INSTANCE_WRITE, "Workflow.Instance.Write"),
    permission(CheckName.MEMBERS, "qyapi_get_member"),
    permission(CheckName.MEMBER_SEARCH, "qyapi_addresslist_search"),
    permission(CheckName.DEPARTMENTS, "qyapi_get_department_list"),
    permission(CheckName.DEPARTMENT_MEMBERS, "qyapi_get_department_member"),
    Fault(
        red=CheckName.CONTACT_SCOPE,
        found=Found.SCOPE_LEAVES_OUT,
        breaks=answer("getUser", "200 50002"),
        mends=no_more_faults,
    ),
    Fault(
        red=CheckName.CONTACT_SCOPE,
        found=Found.SCOPE_PART,
        breaks=answer("getDepartment", "200 50004"),
        mends=no_more_faults,
        state=WARNING,
    ),
    Fault(
        red=CheckName.SWITCHES,
        found=Found.SWITCHED_OFF,
        breaks=lambda world: change_settings(world, is_enabled=False),
        mends=lambda world: change_settings(world, is_enabled=True),
        state=WARNING,
    ),
    Fault(
        red=CheckName.FALLBACK_APPROVER,
        found=Found.FALLBACK_LEFT,
        breaks=let_chen_leave,
        mends=let_chen_return,
    ),
    Fault(
        red=CheckName.FALLBACK_APPROVER,
        found=Found.FALLBACK_NONE,
        breaks=nobody_decides,
        mends=chen_decides,
        state=WARNING,
    ),
    Fault(
        red=CheckName.APPROVERS,
        found=Found.RESOURCES_UNDECIDED,
        breaks=send_chen_on_leave,
        mends=end_all_leaves,
    ),
    Fault(
        red=CheckName.TEMPLATE,
        found=Found.TEMPLATE_NONE,
        breaks=forget_the_template,
        mends=associate_the_template,
    ),
    Fault(
        red=CheckName.TEMPLATE,
        found=Found.TEMPLATE_GONE,
        breaks=answer("readSchema", "400 aflowProcessCodeIsError"),
        mends=no_more_faults,
    ),
    Fault(
        red=CheckName.TEMPLATE,
        found=Found.TEMPLATE_UNPUBLISHED,
        breaks=in_the_designer("", {"status": "INVALID"}),
        mends=in_the_designer("", {"status": "PUBLISHED"}),
    ),
    Fault(
        red=CheckName.TEMPLATE_FLOW,
        found=Found.FLOW_BYPASS,
        breaks=in_the_designer("/flow", {"nodes": MEMBERS_ONLY}, method="PUT"),
        mends=in_the_designer("/flow", {"nodes": AS_GENERATED}, method="PUT"),
    ),
    Fault(
        red=CheckName.TEMPLATE_FLOW,
        found=Found.FLOW_UNKNOWN,
        breaks=lambda world: world.control(
            "POST", "/faults", {"fault": "forecast_unsuccessful", "operation": "forecast", "count": 10_000}
        ),
        mends=no_more_faults,
        state=WARNING,
    ),
    Fault(
        red=CheckName.TEMPLATE_FIELDS,
        found=Found.FIELDS_GONE,
        breaks=edit_the_form(labels={"Reason": "Why"}),
        mends=edit_the_form(),
    ),
    Fault(
        red=CheckName.TEMPLATE_FIELDS,
        found=Found.FIELDS_LACK_OPTIONS,
        breaks=edit_the_form(levels=["View", "Edit"]),
        mends=edit_the_form(),
    ),
    Fault(
        red=CheckName.TEMPLATE_FIELDS,
        found=Found.FIELDS_UNFILLED,
        breaks=edit_the_form(more="Cost centre"),
        mends=edit_the_form(),
    ),
    Fault(
        red=CheckName.AES_KEY,
        found=Found.KEY_MISSHAPED,
        breaks=store("callback_aes_key", AES_KEY[:42]),
        mends=enter(callback_aes_key=AES_KEY),
    ),
    Fault(
        red=CheckName.CALLBACK_TOKEN,
        found=Found.TOKEN_MISSHAPED,
        breaks=store("callback_token", "a token with blanks"),
        mends=enter(callback_token=TOKEN),
    ),
    Fault(
        red=CheckName.CHECK_URL,
        found=Found.ADDRESS_NEVER_CHECKED,
        breaks=write(update(DingTalkApp).values(check_url_at=None)),
        mends=press_save_in_dingtalk,
        state=WARNING,
    ),
    Fault(
        red=CheckName.REFUSED_CALLBACKS,
        found=Found.REFUSED_TOKEN,
        breaks=call_with(token="anotherToken"),
        mends=subscribe_rightly,
    ),
    Fault(
        red=CheckName.REFUSED_CALLBACKS,
        found=Found.REFUSED_AES_KEY,
        breaks=call_with(aes_key=AES_KEY[::-1]),
        mends=subscribe_rightly,
    ),
    Fault(
        red=CheckName.REFUSED_CALLBACKS,
        found=Found.REFUSED_OWNER,
        breaks=call_with(owner_key="dingOtherApp"),
        mends=subscribe_rightly,
    ),
    Fault(
        red=CheckName.LAST_EVENT,
        found=Found.EVENT_MISSING,
        breaks=lose_the_events,
        mends=subscribe_rightly,
    ),
    Fault(
        red=CheckName.STREAM,
        found=Found.STREAM_NO_LISTENER,
        breaks=choose_stream,
        mends=choose_callback,
    ),
    Fault(
        red=CheckName.STREAM,
        found=Found.STREAM_DISCONNECTED,
        breaks=listen(ListenerState.CONNECTING),
        mends=choose_callback,
    ),
    Fault(
        red=CheckName.STREAM,
        found=Found.REFUSED,
        breaks=listen(
            ListenerState.WAITING,
            Failure(kind="credentials_wrong", retry=Retry.PERMANENT, operation="openConnection", code="x"),
        ),
        mends=choose_callback,
    ),
    Fault(
        red=CheckName.CALLS_USED,
        found=Found.CALLS_GONE,
        breaks=use_up_the_calls,
        mends=buy_calls,
    ),
)
