"""What the gates conclude from samples: pure functions of figures, with fixed seeds, that fail closed."""
