"""What the portal costs: measured with real processes on this machine's loopback, written to ``results.json``."""
