"""A person at a browser, to whom the portal may be gone at any moment."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import requests

from tests.durability.running_portal import RunningPortal
from tests.durability.waiting import PATIENCE_SECONDS, wait
from tests.portal_world import csrf_token


class Visitor:
    """A person at a browser without JavaScript, who sends a form again when no answer came."""

    def __init__(self, portal: RunningPortal, person: str) -> None:
        self.person = person
        self._portal = portal
        self._browser = requests.Session()
        leave = self._get("/sign-in/dingtalk")
        state = parse_qs(urlsplit(leave.headers["Location"]).query)["state"][0]
        code = portal.world.control("POST", "/sign-in", {"person": person})["authCode"]
        back = self._get("/sign-in/dingtalk/return", authCode=code, state=state)
        assert back.status_code == 303, back.text

    def close(self) -> None:
        self._browser.close()

    def fill_in(self, *, resource: tuple[str, str] = ("dashboard", "sales-overview")) -> dict[str, str]:
        """Open the form of a resource and return it filled in, not sent."""
        resource_type, resource_id = resource
        page = self._get("/requests/new", resource_type=resource_type, resource_id=resource_id)
        assert page.status_code == 200, page.text
        return {
            "csrf_token": csrf_token(page.text),
            "submission_key": page.text.split('name="submission_key"')[1].split('value="')[1].split('"')[0],
            "resource_type": resource_type,
            "resource_id": resource_id,
            "level": "view",
            "again": "1",
            "validity": "7",
            "until": "",
            "reason": "Quarterly report 季度",
        }

    def send(self, path: str, form: dict[str, str]) -> requests.Response:
        """Send a form once; raises ``requests.RequestException`` when no answer comes."""
        return self._browser.post(
            self._portal.to_portal.url + path, data=form, allow_redirects=False, timeout=PATIENCE_SECONDS
        )

    def submit(self, form: dict[str, str]) -> str:
        """Send the form until it is answered, and return the request's number."""
        answers: list[requests.Response] = []

        def is_answered() -> bool:
            try:
                answers.append(self.send("/requests", form))
            except requests.RequestException:
                return False
            assert answers[-1].status_code == 303 or answers[-1].status_code >= 500, words_of(answers[-1])
            return answers[-1].status_code == 303

        wait(is_answered, what=lambda: f"an answer to the form: {answers and words_of(answers[-1])}")
        return answers[-1].headers["Location"].rsplit("/", 1)[-1]

    def press(self, number: str, button: str) -> requests.Response:
        """Press ``withdrawal`` or ``start`` on the status page of a request."""
        page = self._get(f"/requests/{number}")
        return self.send(f"/requests/{number}/{button}", {"csrf_token": csrf_token(page.text)})

    def accept(self, number: str) -> int:
        """Accept what somebody asks for this person, and return the status of the answer."""
        token = csrf_token(self._get("/requests").text)
        return self.send(
            f"/requests/{number}/acceptance", {"csrf_token": token, "answer": "accept"}
        ).status_code

    def page_of(self, number: str) -> str:
        answer = self._get(f"/requests/{number}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def _get(self, path: str, **query: str) -> requests.Response:
        answers: list[requests.Response] = []

        def is_answered() -> bool:
            try:
                address = self._portal.to_portal.url + path
                answers.append(self._browser.get(address, params=query, allow_redirects=False, timeout=30))
            except requests.RequestException:
                return False
            return answers[-1].status_code < 500

        wait(is_answered, what=lambda: f"{path}: {answers and words_of(answers[-1])}")
        return answers[-1]


def words_of(answer: requests.Response) -> str:
    """Return what a person would read on the page, short enough for a failure's text."""
    main = answer.text.split("<main", 1)[-1].split("</main", 1)[0]
    return f"{answer.status_code} {' '.join(re.sub('<[^>]*>', ' ', main).split())[:600]}"
