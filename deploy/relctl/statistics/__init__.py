"""What gates and observation conclude from samples alike: pure functions that fail closed."""
