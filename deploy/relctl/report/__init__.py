"""Evidence as HTML for people: a self-contained report of each verification, and an index of all."""
