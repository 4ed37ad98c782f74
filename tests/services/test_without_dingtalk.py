"""An organisation without DingTalk: local people ask, decide and own, and nothing ever calls anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.application import create_app
from portal.database import transaction
from portal.extensions import db
from portal.migrating import migrate_database
from portal.models import AccessRequest, DingTalkCallTally, Grant, Person, Resource
from portal.models.person import Role
from portal.services.audit import PORTAL
from portal.services.faults import FieldFault, NotThere
from portal.services.permissions import NotAllowed
from portal.services.registry import KEY, Services
from portal.services.work.due_work import DueWork
from portal.settings import read_settings
from tests.portal_world import ADDRESS_NAMES, SECRET_KEY, csrf_token, free_port

PASSWORD = "correct horse battery staple"
SALES = {"resource_type": "dashboard", "resource_id": "sales"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """A portal to which no DingTalk app was ever bound; its addresses lead nowhere."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    settings = read_settings(
        {
            "PORTAL_SECRET_KEY": SECRET_KEY,
            "PORTAL_INSTANCE": str(tmp_path),
            "PORTAL_PORT": str(free_port()),
            **{f"DINGTALK_{name}_URL": nowhere for name in ADDRESS_NAMES},
        }
    )
    made = create_app(settings)
    migrate_database(made, settings)
    with made.app_context():
        services_of(made).sign_ins.add_local_admin("ada", PASSWORD, actor=PORTAL)
    yield made
    with made.app_context():
        db.engine.dispose()


def services_of(app: Flask) -> Services:
    found: Services = app.extensions[KEY]
    return found


def add(app: Flask, username: str, *roles: Role) -> str:
    """Add a local person, and return the password that was made up for them."""
    with app.app_context():
        return services_of(app).local_people.add(PORTAL, admin=None, username=username, roles=roles).password


def signed_in(app: Flask, username: str, password: str = PASSWORD) -> FlaskClient:
    client = app.test_client()
    page = client.get("/sign-in").text
    answer = client.post(
        "/sign-in/local",
        data={"csrf_token": csrf_token(page), "username": username, "password": password},
    )
    assert answer.status_code == 303, answer.text
    return client


def send(client: FlaskClient, path: str, *, page: str, **fields: Any) -> str:
    """Send a form with the token and the hidden fields of its page, and return where it leads."""
    shown = client.get(page).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown))
    hidden |= dict(re.findall(r'<input[^>]*name="(submission_key)"[^>]*value="([^"]*)"', shown))
    answer = client.post(path, data={**hidden, "csrf_token": csrf_token(shown), **fields})
    assert answer.status_code == 303, (answer.status_code, answer.text)
    return str(answer.headers["Location"])


def switch_on(app: Flask) -> None:
    """Let the local admin tick what is needed, on the page."""
    send(
        signed_in(app, "ada"),
        "/settings/approval/switches",
        page="/settings/approval",
        is_enabled="y",
        is_in_platform_channel_on="y",
        version="1",
    )


def own(app: Flask, owner: str) -> None:
    with app.app_context(), transaction() as session:
        person = session.scalars(select(Person).filter_by(name=owner)).one()
        session.add(
            Resource(
                resource_type="dashboard",
                external_id="sales",
                name="Sales overview",
                workspace="",
                owner_id=person.id,
            )
        )


def work(app: Flask) -> None:
    """Do what the worker does, until nothing is due."""
    services = services_of(app)
    with app.app_context():
        for _ in range(5):
            services.chores.plan()
            for each in taken(services):
                services.doers[each.kind](each.key)
                db.session.remove()


def taken(services: Services) -> list[DueWork]:
    due: list[DueWork] = []
    services.due_work.take(limit=100, hand_over=lambda _session, each: due.append(each))
    return due


def test_the_whole_story_is_told_without_dingtalk(app: Flask) -> None:
    switch_on(app)
    olive, rita = add(app, "olive"), add(app, "rita")
    own(app, "olive")
    asking = signed_in(app, "rita", rita)
    form = "/requests/new?resource_type=dashboard&resource_id=sales"
    assert "DingTalk" not in main_of(asking.get(form).text)
    address = send(
        asking,
        "/requests",
        page=form,
        **SALES,
        level="view",
        validity="7",
        until="",
        reason="Quarterly report",
    )
    number = address.rsplit("/", 1)[1]
    work(app)
    deciding = signed_in(app, "olive", olive)
    assert number in deciding.get("/approvals").text
    send(deciding, decision_of(deciding.get("/approvals").text), page="/approvals", verdict="approve")
    work(app)
    with app.app_context():
        request = db.session.scalars(select(AccessRequest).filter_by(number=number)).one()
        assert (request.state, request.department_id) == ("approved", 0)
        grant = db.session.scalars(select(Grant)).one()
        assert grant.person.name == "rita"
        assert db.session.scalar(select(DingTalkCallTally)) is None
    for client, path in (
        (asking, f"/requests/{number}"),
        (asking, "/requests"),
        (deciding, "/approvals/handled"),
    ):
        page = client.get(path)
        assert page.status_code == 200
        assert "DingTalk" not in main_of(page.text), path


def test_approval_works_on_the_settings_page_without_dingtalk(app: Flask) -> None:
    switch_on(app)
    page = signed_in(app, "ada").get("/settings/approval").text
    assert "Approval works" in page
    assert "DingTalk is not needed for that." in page


def test_a_local_person_is_added_once_and_only_by_who_gives_roles(app: Flask) -> None:
    rita = add(app, "rita", Role.AUDITOR)
    assert len(rita) >= 12
    with pytest.raises(FieldFault):
        add(app, "rita")
    with pytest.raises(FieldFault):
        add(app, "not a user name")
    people = services_of(app).local_people
    with app.app_context():
        person = db.session.scalars(select(Person).filter_by(name="rita")).one()
        assert [held.role for held in person.roles] == [Role.AUDITOR]
        with pytest.raises(NotAllowed):
            people.add(PORTAL, admin=person, username="rob")
        with pytest.raises(FieldFault):
            people.add(PORTAL, admin=None, username="rob", password="short")
        with pytest.raises(NotThere):
            people.new_password(PORTAL, admin=None, person_id=10**6)


def test_a_new_password_ends_what_the_old_one_opened(app: Flask) -> None:
    client = signed_in(app, "rita", add(app, "rita"))
    with app.app_context():
        person = db.session.scalars(select(Person).filter_by(name="rita")).one()
        fresh = services_of(app).local_people.new_password(PORTAL, admin=None, person_id=person.id)
    assert (
        client.get("/requests").status_code == 302
        or "/sign-in" in client.get("/requests").headers["Location"]
    )
    assert signed_in(app, "rita", fresh.password).get("/requests").status_code == 200


def decision_of(page: str) -> str:
    found = re.search(r'action="(/approvals/\d+/decision)"', page)
    assert found, "nothing is there to decide"
    return found[1]


def main_of(page: str) -> str:
    """Return what stands between the header and the footer."""
    return page.split("<main", 1)[1].split("</main>", 1)[0]
