"""Steps of stories in which requests are decided in the portal."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal.database import transaction
from portal.extensions import db
from portal.models import Absence, Approval, Grant
from portal.services.approval_settings import Switches
from portal.services.audit import actor_of
from portal.services.decisions.decisions import Verdict
from tests.portal_world import World
from tests.services.story import actor_named, approval_of, person_named, state_of

CAST = ("alice", "bob", "dora")


def set_up_here(world: World) -> None:
    """Let everybody of the cast sign in once, and requests be decided in the portal alone."""
    for person in CAST:
        world.client(person)
    switch(world, is_dingtalk_channel_on=False)


def switch(
    world: World,
    *,
    is_dingtalk_channel_on: bool,
    is_in_platform_channel_on: bool = True,
    prefers_in_platform: bool = False,
) -> None:
    settings = world.services.approval_settings
    with world.app.app_context():
        settings.save_switches(
            actor_named("alice"),
            Switches(
                is_enabled=True,
                is_dingtalk_channel_on=is_dingtalk_channel_on,
                is_in_platform_channel_on=is_in_platform_channel_on,
                prefers_in_platform=prefers_in_platform,
                version=settings.current().version,
            ),
        )


def decide(world: World, number: str, verdict: str, *, who: str = "chen", reason: str = "") -> None:
    """Let somebody decide about the one approval of a request."""
    with world.app.app_context():
        decide_inside(world, number, verdict, who=who, reason=reason)


def decide_inside(world: World, number: str, verdict: str, *, who: str = "chen", reason: str = "") -> None:
    """As ``decide``, for whoever has a context of the app already."""
    person = person_named(who)
    world.services.decisions.decide(
        actor_of(person, address="127.0.0.1"),
        person,
        approval_of(number).id,
        verdict=Verdict(verdict),
        reason=reason,
    )


def approval_id(world: World, number: str) -> int:
    return int(world.look(lambda: approval_of(number).id))


def decided_by(world: World, number: str) -> str:
    def read() -> str:
        approval: Approval = approval_of(number)
        return approval.decided_by.name if approval.decided_by else ""

    return str(world.look(read))


def pending_for(world: World, who: str) -> list[str]:
    """Return the numbers of what waits for somebody, in the order of their page."""

    def read() -> list[str]:
        listed = world.services.my_approvals.pending(person_named(who))
        return [each.request.number for each in listed.approvals]

    return list(world.look(read))


def state(world: World, number: str) -> str:
    return str(world.look(lambda: state_of(number)))


def grants_of(world: World, number: str) -> list[str]:
    def read() -> list[str]:
        request_id = approval_of(number).request_id
        return list(db.session.scalars(select(Grant.state).filter_by(request_id=request_id)))

    return list(world.look(read))


def send_on_leave(world: World, who: str, *, delegate: str) -> None:
    today = world.clock.now().date()
    with world.app.app_context(), transaction() as session:
        session.add(
            Absence(
                person_id=person_named(who).id,
                delegate_id=person_named(delegate).id,
                starts_on=today - timedelta(days=2),
                ends_on=today + timedelta(days=2),
            )
        )
