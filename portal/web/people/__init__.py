"""Finding people in the directory."""
