"""Starting an instance exactly once, and finding it again when an answer is lost."""
