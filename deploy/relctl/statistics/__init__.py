"""Draw conclusions from samples for gates and observation: pure functions that fail closed."""
