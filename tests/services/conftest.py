"""Services are tested in a whole portal; see tests/portal_world.py."""

from tests.portal_world import portal_settings, world

__all__ = ["portal_settings", "world"]
