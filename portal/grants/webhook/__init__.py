"""Grants announced to any tool by a signed HTTP call; the wire is described in docs/webhook.md."""
