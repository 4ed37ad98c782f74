"""Whether everybody can use what is on the screen: axe-core in both themes, and nothing cut off on a small screen."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
WIDE, SMALL, SMALLEST = 1280, 390, 360
THEMES = ("light", "dark")
HEIGHT = 900

# As portal.js does it when somebody presses the switch.
SET_THEME = (
    "theme => { document.documentElement.dataset.theme = document.documentElement.dataset.bsTheme = theme; }"
)
RUN_AXE = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  return violations.map(each => `${each.id}: ${each.nodes.map(node => node.html.slice(0, 160)).join(" | ")}`);
}"""
# What reaches past the right edge of the window, or of the open dialog.
TOO_WIDE = """() => [document.documentElement, document.querySelector("dialog[open]")]
  .filter(box => box && box.scrollWidth > box.clientWidth)
  .map(box => `${box.tagName}: ${box.scrollWidth} of ${box.clientWidth} pixels`)"""


class Looks:
    """Looks at one stop after another and keeps what is wrong, so that one walk shows all of it."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.stops: list[str] = []

    def at(self, page: Page, stop: str, *, width: int = WIDE) -> None:
        """Look at ``page`` as it is now, ``width`` pixels wide; ``stop`` names the state in a fault.

        Open the page with ``reduced_motion="reduce"``: colours that are still changing would be measured wrong.
        """
        self.stops.append(stop)
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE)
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for theme in THEMES:
            page.evaluate(SET_THEME, theme)
            self.faults += [f"{stop}, {theme}, {width} pixels: {fault}" for fault in page.evaluate(RUN_AXE)]
        page.set_viewport_size({"width": SMALLEST, "height": HEIGHT})
        self.faults += [f"{stop}, {SMALLEST} pixels: {fault}" for fault in page.evaluate(TOO_WIDE)]
        page.set_viewport_size({"width": WIDE, "height": HEIGHT})
