"""The demo and the command that starts it, with real processes."""
