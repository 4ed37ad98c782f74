"""Quick BI as a grant target: our words in, its calls out."""
