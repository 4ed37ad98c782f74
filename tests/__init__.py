"""The tests, laid out like the portal. A package, so that two folders may each have a `test_client.py`."""
