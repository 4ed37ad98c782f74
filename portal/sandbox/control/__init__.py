"""The control API by which tests and demos drive the sandbox."""
