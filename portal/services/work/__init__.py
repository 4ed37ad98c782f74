"""Work in the background: what is due, how many calls it may make, how it fares."""
