"""A browser window on a portal whose work is done when a test says so (see ``World``)."""

from __future__ import annotations

from playwright.sync_api import Page

from portal.services.audit import PORTAL
from tests.portal_world import World

SETTINGS = "/settings/approval"
LOCAL_ADMIN, PASSWORD = "first-hour", "correct horse battery staple"


class PortalWindow:
    """One person's window. ``page`` is where they are; addresses are paths of the portal."""

    def __init__(self, page: Page, world: World, person: str = "") -> None:
        self.page = page
        self._world = world
        if person:
            cookie = world.client(person).get_cookie("portal_session")
            assert cookie is not None
            self.set_cookie("portal_session", cookie.value)

    def set_cookie(self, name: str, value: str) -> None:
        self.page.context.add_cookies([{"name": name, "value": value, "url": self._world.portal_url}])

    def go(self, path: str) -> int:
        """Open an address and return the status it answered with."""
        answer = self.page.goto(f"{self._world.portal_url}{path}")
        assert answer is not None
        return answer.status

    def press(self, name: str, *, within: str = "main") -> None:
        """Press the button of this name in one part of the page."""
        self.page.locator(within).get_by_role("button", name=name, exact=True).click()

    def send(self, path: str, **fields: str) -> int:
        """Send a form that no page of the portal has, and return the status it was answered with."""
        with self.page.expect_navigation() as answered:
            self.page.evaluate(SEND, {"path": path, "fields": fields})
        assert answered.value is not None
        return answered.value.status

    def csrf_token(self) -> str:
        return self.page.locator("input[name=csrf_token]").first.input_value()


SEND = """({ path, fields }) => {
  const form = document.body.appendChild(document.createElement("form"));
  Object.assign(form, { method: "post", action: path });
  for (const [name, value] of Object.entries(fields)) {
    form.appendChild(Object.assign(document.createElement("textarea"), { name, value }));
  }
  form.submit();
}"""


def add_local_admin(world: World) -> None:
    with world.app.app_context():
        world.services.sign_ins.add_local_admin(LOCAL_ADMIN, PASSWORD, actor=PORTAL)


def let_a_worker_run(world: World) -> None:
    """Leave the sign of life of a worker; a test does its work."""
    with world.app.app_context():
        world.services.health.beat("test")
