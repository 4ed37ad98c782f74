"""Many callbacks at once, good and bad, over many connections."""
