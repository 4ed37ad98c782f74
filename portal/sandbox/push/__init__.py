"""Events on their way to the subscriber."""
