"""The keepers' pages are tested in a whole portal, shared by a module and reset for each test."""

from tests.services.conftest import portal_settings, shared_world, world

__all__ = ["portal_settings", "shared_world", "world"]
