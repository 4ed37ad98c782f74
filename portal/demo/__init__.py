"""The demo: sandbox, portal, worker and Stream listener side by side on one machine, from one command.

Its own process stays small and imports nothing but the standard library.
"""

from portal.demo.story import run_demo

__all__ = ["run_demo"]
