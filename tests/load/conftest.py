"""Load is put on a whole portal."""

from tests.services.conftest import shared_world, world

__all__ = ["shared_world", "world"]
