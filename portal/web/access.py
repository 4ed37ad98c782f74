"""Who is asking: the signed-in person of a request, and what their pages show around the content."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import structlog
from flask import Flask, abort, flash, g, request, session, url_for
from flask_babel import gettext

from portal.models import Person
from portal.rules.permissions import Permission, only_reads
from portal.services.audit import Actor, actor_of
from portal.services.permissions import may, require, require_change
from portal.services.registry import services
from portal.settings import Settings
from portal.web.htmx import redirect_or_refresh
from portal.web.sessions import PeopleSessions

LONGEST_NUMBER = 24
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What an auditor may send although it is no GET: going, a file of what they may read, filters and a password of
# their own.
CHANGES_NOTHING_OF_OTHERS = frozenset(
    {"sign_in.sign_out", "lists.export", "lists.keep_view", "lists.delete_view", "own_password.change"}
)
TOKEN = "sign_in_token"  # noqa: S105  the name of a session entry

P = ParamSpec("P")
R = TypeVar("R")


def init_access(app: Flask, settings: Settings) -> None:
    """Give each request an id, and templates who is signed in and where they can go."""
    app.session_interface = PeopleSessions()
    app.before_request(_name_request)

    @app.context_processor
    def _around_the_page() -> dict[str, Any]:
        person = current_person()
        return {
            "current_person": person,
            "navigation": _navigation(person),
            "person_may": person_may,
            "takes_part": person is not None and not only_reads(held.role for held in person.roles),
            "own_page": url_for("people.me"),
            "is_demo": settings.is_demo,
            "is_inside_dingtalk": is_inside_dingtalk(),
            "sandbox_url": settings.sandbox_url,
        }


def current_person() -> Person | None:
    """Return who is signed in, or None; asked once a request."""
    if "person" not in g:
        token = session.get(TOKEN)
        g.person = services().sign_ins.person_of(token) if token else None
    return g.person


def signed_in_person() -> Person:
    """Return who is signed in; 403 when nobody is (routes are guarded by ``sign_in_required``)."""
    person = current_person()
    if person is None:
        abort(403)
    return person


def current_actor() -> Actor:
    """Return the signed-in person as the actor of a change."""
    return actor_of(signed_in_person(), address=client_address())


def client_address() -> str:
    """Return the network address the request came from."""
    return request.remote_addr or ""


def is_inside_dingtalk() -> bool:
    """Whether DingTalk's client shows the page (DingTalk: its name stands in the User-Agent)."""
    return "dingtalk" in request.user_agent.string.lower()


def sign_in_required(view: Callable[P, R]) -> Callable[P, R]:
    """Send people who are not signed in to the sign-in page, and back afterwards."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        if current_person() is None:
            if request.method == "GET":
                wanted = request.full_path.rstrip("?")
                return redirect_or_refresh(url_for("sign_in.page", next=wanted))
            flash(gettext("Please sign in again. Nothing was changed."), "warning")
            return redirect_or_refresh(url_for("sign_in.page"))
        if request.method not in READING and request.endpoint not in CHANGES_NOTHING_OF_OTHERS:
            require_change(signed_in_person())
        return view(*args, **kwargs)

    return guarded


def permission_required(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only people in whose roles allow this; others get 403, and nobody the sign-in page.

    The table is ``rules/permissions.py``. Raises ``NotAllowed``, which ``service_errors`` answers.
    """

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @sign_in_required
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            require(signed_in_person(), permission)
            return view(*args, **kwargs)

        return guarded

    return guard


def admin_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only organization admins in; others get 403, and nobody the sign-in page."""
    return permission_required(Permission.CHANGE_SETTINGS)(view)


def person_may(permission: str) -> bool:
    """Whether a role of who is signed in allows this; for templates, which know permissions by their words."""
    person = current_person()
    return person is not None and may(person, Permission(permission))


def _name_request() -> None:
    g.request_id = secrets.token_hex(6)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)
    if number := (request.view_args or {}).get("number"):
        # What stands in the address: a page of it may not exist.
        structlog.contextvars.bind_contextvars(number=str(number)[:LONGEST_NUMBER])


def _navigation(person: Person | None) -> list[tuple[str, str, bool, str]]:
    if person is None:
        return []
    here = request.path
    mine = url_for("access_requests.mine")
    everybodys, new = url_for("access_requests.everybodys"), url_for("access_requests.new")
    is_mine = here.startswith(mine) and not here.startswith(
        (new, everybodys, url_for("access_requests.decided"))
    )
    pages = [(gettext("My requests"), mine, is_mine, "list-check")]
    if not only_reads(held.role for held in person.roles):
        pages.append((gettext("Request access"), new, here.startswith(new), "plus-lg"))
    pages.append(_my_access(here))
    approvals, waiting = url_for("approvals.page"), services().my_approvals.count_pending(person)
    to_decide = gettext("My approvals (%(num)s)", num=waiting) if waiting else gettext("My approvals")
    is_deciding = here.startswith((approvals, url_for("access_requests.decided")))
    pages.append((to_decide, approvals, is_deciding, "check-circle"))
    pages += _my_tasks(person, here)
    if may(person, Permission.READ_EVERYTHING):
        known = url_for("people.page")
        is_known = here.startswith((known, url_for("workspaces.page"))) and here != url_for("people.me")
        pages.append((gettext("People"), known, is_known, "person-circle"))
    if services().grant_search.oversees(person):
        grants, catalogue = url_for("lists.grants"), url_for("resources.catalogue")
        pages.append((gettext("All requests"), everybodys, here.startswith(everybodys), "people"))
        pages.append((gettext("All grants"), grants, here == grants, "key"))
        pages.append((gettext("Catalogue"), catalogue, here.startswith(catalogue), "database"))
    if may(person, Permission.READ_SETTINGS):
        settings = url_for("approval_settings.page")
        pages.append((gettext("Approval Settings"), settings, here.startswith("/settings"), "gear"))
    return pages


def _my_access(here: str) -> tuple[str, str, bool, str]:
    mine, tasks = url_for("grants.mine"), url_for("grant_tasks.page")
    return gettext("My access"), mine, here.startswith(mine) and not here.startswith(tasks), "shield-check"


def _my_tasks(person: Person, here: str) -> list[tuple[str, str, bool, str]]:
    """Only people for whom something waits are led to it; most never have to act by hand."""
    tasks, waiting = url_for("grant_tasks.page"), services().grant_tasks.count(person)
    if not waiting and not here.startswith(tasks):
        return []
    label = gettext("My tasks (%(num)s)", num=waiting) if waiting else gettext("My tasks")
    return [(label, tasks, here.startswith(tasks), "inbox")]
