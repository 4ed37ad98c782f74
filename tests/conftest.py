"""What a machine may lack: tests that need it are skipped, and say what is missing."""

import os
import shutil

import pytest

CHROMIUM_IS_MISSING = "Chromium is not installed (apt-get install chromium, or set PORTAL_TEST_CHROMIUM)"
POSTGRESQL_IS_MISSING = "PORTAL_TEST_POSTGRESQL_URL does not name a PostgreSQL server"


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and _find_chromium() is None:
        pytest.skip(CHROMIUM_IS_MISSING)
    if item.get_closest_marker("postgresql") and "PORTAL_TEST_POSTGRESQL_URL" not in os.environ:
        pytest.skip(POSTGRESQL_IS_MISSING)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser that Playwright starts, for tests marked `browser`."""
    path = _find_chromium()
    if path is None:
        pytest.skip(CHROMIUM_IS_MISSING)
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> str:
    """The URL of a database whose user may create others beside it, for tests marked `postgresql`."""
    url = os.environ.get("PORTAL_TEST_POSTGRESQL_URL")
    if url is None:
        pytest.skip(POSTGRESQL_IS_MISSING)
    return url


def _find_chromium() -> str | None:
    named = os.environ.get("PORTAL_TEST_CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser")
