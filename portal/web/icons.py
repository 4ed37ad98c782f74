"""Icons as inline SVG, so that they take the colour of the text beside them."""

from functools import lru_cache
from pathlib import Path

from flask import Flask
from markupsafe import Markup


def init_icons(app: Flask) -> None:
    """Give templates `icon(name)`, where `name` is a file of static/vendor/bootstrap-icons without `.svg`.

    The picture is hidden from screen readers: words beside it must say the same. An unknown name raises
    FileNotFoundError when the template is rendered.
    """
    folder = Path(app.static_folder or "static") / "vendor" / "bootstrap-icons"

    @lru_cache(maxsize=128)
    def icon(name: str) -> Markup:
        picture = (folder / f"{name}.svg").read_text(encoding="utf-8")
        # our own vendored file, never something a person sent
        return Markup(picture.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704

    app.jinja_env.globals["icon"] = icon
