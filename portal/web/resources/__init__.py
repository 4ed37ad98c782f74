"""The catalogue as its keepers see it: listed, kept by hand, imported."""
