"""The demo: sandbox, portal and worker side by side on one machine, with made-up people, from one command.

Its own process stays small and imports nothing but the standard library.
"""

from portal.demo.story import run_demo

__all__ = ["run_demo"]
