"""What happens while nobody has decided: accepted by a colleague, reminded of, passed on to others, lapsed."""
