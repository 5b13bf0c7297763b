"""Draw the gates' conclusions from samples: pure functions with fixed seeds that fail closed."""
