"""What a machine may lack: tests that need it are skipped, and say what is missing."""

import ctypes
import os
import shutil
import sys

import pytest
from playwright.sync_api import expect

# A busy machine may take long to draw; what never comes fails all the same.
expect.set_options(timeout=60_000)

DRIVER_IS_MISSING = "The browser's driver needs libatomic (apt-get install libatomic1)"
CHROMIUM_IS_MISSING = "Chromium is not installed (apt-get install chromium, or set PORTAL_TEST_CHROMIUM)"
POSTGRESQL_IS_MISSING = "PORTAL_TEST_POSTGRESQL_URL does not name a PostgreSQL server"


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser"):
        _find_chromium()
    if item.get_closest_marker("postgresql") and "PORTAL_TEST_POSTGRESQL_URL" not in os.environ:
        pytest.skip(POSTGRESQL_IS_MISSING)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser that Playwright starts, for tests marked `browser`."""
    return _find_chromium()


@pytest.fixture(scope="session")
def postgresql_url() -> str:
    """The URL of a database whose user may create others beside it, for tests marked `postgresql`."""
    url = os.environ.get("PORTAL_TEST_POSTGRESQL_URL")
    if url is None:
        pytest.skip(POSTGRESQL_IS_MISSING)
    return url


def _find_chromium() -> str:
    named = os.environ.get("PORTAL_TEST_CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip(CHROMIUM_IS_MISSING)
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libatomic.so.1")
        except OSError:
            pytest.skip(DRIVER_IS_MISSING)
    return found
