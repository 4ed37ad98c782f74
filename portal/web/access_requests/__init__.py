"""Requests of people: ask, follow, withdraw."""
