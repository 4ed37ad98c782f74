"""Lists, detail and search with ten thousand requests and with a million, called in turns."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench.big_database import PEOPLE, fill, person_name
from bench.figures import in_milliseconds, rounded
from bench.http_load import saturate
from bench.in_process import Answer, Browser, InProcessPortal
from bench.place import PORTAL, Place, wait_until_answering
from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, PersonRole, SignInSession
from portal.models.person import Role
from portal.services.requests.request_search import PAGE_LENGTH
from portal.web.access import TOKEN

SMALL, LARGE = 10_000, 1_000_000
CALLS = 100
WARM_UP = 10
CLIENTS = 16
REQUESTS_BY_HTTP = 320
# Requests that somebody has who asks often, in both; the admin who looks at everybody's is the last person.
REQUESTER, ADMIN = 1, PEOPLE
# discord/access (Python, SQLite) with 10,001 requests on the same class of machine, as published figures say.
TO_BEAT = {
    "list_p50_ms": 56,
    "search_p50_ms": 120,
    "detail_p50_ms": 20,
    "create_p50_ms": 29,
    "per_second_at_16_clients": 17,
}


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two databases, with two people who are signed in."""

    requests: int
    portal: InProcessPortal
    admin: Browser
    requester: Browser

    def addresses(self) -> Mapping[str, tuple[Browser, str]]:
        """Return what is looked at, each with at least a page of results in both databases."""
        everybodys = "/requests/all"
        newest = self.number_of(self.requests - 1)
        name, given = person_name(REQUESTER), person_name(REQUESTER).split()[-1][1:]
        return {
            "list_first_page": (self.admin, everybodys),
            "list_page_50": (self.admin, f"{everybodys}?older_than={self.requests - 49 * PAGE_LENGTH}"),
            "list_of_one_state": (self.admin, f"{everybodys}?state=rejected"),
            "my_requests": (self.requester, "/requests"),
            "detail": (self.admin, f"/requests/{self.number_of(self.requests // 2)}"),
            "search_number_prefix": (self.admin, f"{everybodys}?q={newest[:-2]}"),
            "search_person": (self.admin, f"{everybodys}?q={name}"),
            "search_resource_part": (self.admin, f"{everybodys}?q=华南 0001"),
            "search_two_chinese_rare": (self.admin, f"{everybodys}?q={given}"),
            "search_two_chinese_frequent": (self.admin, f"{everybodys}?q=渠道"),
            "search_frequent_name_rare_state": (self.admin, f"{everybodys}?q=王&state=could_not_start"),
        }

    def number_of(self, request_id: int) -> str:
        with self.portal.app.app_context():
            return db.session.get_one(AccessRequest, request_id).number


def measure(folder: Path) -> dict[str, Any]:
    """Return figures by page for both, how they compare, and what 16 clients get at once. Uses 1 GB in ``folder``."""
    with ExitStack() as places:
        small, large = (
            make_side(places.enter_context(Place(folder / str(requests))), requests)
            for requests in (SMALL, LARGE)
        )
        by_page = {name: _in_turns(small, large, name) for name in large.addresses()}
    with Place(folder / str(LARGE)) as place:
        by_http = _by_http(place, large.admin)
    return {
        "requests": [SMALL, LARGE],
        "calls": CALLS,
        "pages": by_page,
        "worst_ratio": max(page["ratio"] for page in by_page.values()),
        "list_at_16_clients": by_http,
        "to_beat": TO_BEAT,
    }


def _in_turns(small: Side, large: Side, name: str) -> dict[str, Any]:
    """Call both one after the other, so that whatever else the machine does slows down both."""
    answers: dict[int, list[Answer]] = {SMALL: [], LARGE: []}
    addresses = {side.requests: side.addresses()[name] for side in (small, large)}
    for turn in range(WARM_UP + CALLS):
        for requests, (browser, address) in addresses.items():
            answer = browser.get(address)
            assert answer.status == 200, answer.text
            if turn >= WARM_UP:
                answers[requests].append(answer)
    figures = {str(requests): _figures(each) for requests, each in answers.items()}
    return {
        **figures,
        "ratio": rounded(figures[str(LARGE)]["p50_ms"] / figures[str(SMALL)]["p50_ms"]),
        "cpu_ratio": rounded(figures[str(LARGE)]["cpu_p50_ms"] / figures[str(SMALL)]["cpu_p50_ms"]),
    }


def _figures(answers: list[Answer]) -> dict[str, Any]:
    return {
        **in_milliseconds([answer.seconds for answer in answers]),
        "cpu_p50_ms": rounded(median(answer.cpu_seconds for answer in answers) * 1000),
        "statements": round(median(answer.statements for answer in answers)),
        "rows": answers[-1].text.count("<tr>") - answers[-1].text.count("<thead>"),
    }


def _by_http(place: Place, admin: Browser) -> dict[str, Any]:
    place.start(PORTAL, "serve", name="portal")
    wait_until_answering(f"{place.demo.portal_url}/health/live")
    port = place.demo.portal_port
    request = (
        f"GET /requests/all HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {admin.cookie}\r\n\r\n".encode()
    )
    saturate(port, [request] * CLIENTS, connections=CLIENTS)
    load = saturate(port, [request] * REQUESTS_BY_HTTP, connections=CLIENTS)
    return {"clients": CLIENTS, "per_second": rounded(load.per_second), **in_milliseconds(load.latencies)}


def make_side(place: Place, requests: int) -> Side:
    """Fill a database of this many requests and sign two people in."""
    portal = InProcessPortal(place)
    with portal.app.app_context():
        file = Path(str(db.engine.url.database))
        db.engine.dispose()
    fill(file, requests=requests)
    with portal.app.app_context(), transaction() as session:
        now = portal.services.clock.now()
        session.add(PersonRole(person_id=ADMIN, role=Role.ORGANIZATION_ADMIN, given_at=now))
    return Side(
        requests=requests,
        portal=portal,
        admin=_signed_in(portal, ADMIN),
        requester=_signed_in(portal, REQUESTER),
    )


def _signed_in(portal: InProcessPortal, person_id: int) -> Browser:
    """Open a session as signing in does, without a sandbox to sign in with."""
    token, now = secrets.token_urlsafe(32), portal.services.clock.now()
    with portal.app.app_context(), transaction() as session:
        session.add(
            SignInSession(
                token_hash=hashlib.sha256(token.encode()).hexdigest(),
                person_id=person_id,
                created_at=now,
                expires_at=now + timedelta(hours=1),
                address="",
                user_agent="",
            )
        )
    client = portal.app.test_client()
    with client.session_transaction() as cookie_session:
        cookie_session[TOKEN] = token
    client.get("/requests")  # adds the secret behind the tokens of forms to the cookie
    cookie = client.get_cookie("portal_session")
    assert cookie is not None
    return Browser(portal, {"portal_session": cookie.value})
