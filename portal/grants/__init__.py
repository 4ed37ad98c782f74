"""Grant targets: where approved access takes effect and is taken away again."""
