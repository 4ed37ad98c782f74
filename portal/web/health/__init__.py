"""Signs of life for operators."""
