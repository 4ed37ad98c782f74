"""WSGI entry point: ``wsgi:app`` for any WSGI server; ``portal serve`` is the usual way."""

from portal.application import create_app

app = create_app()
