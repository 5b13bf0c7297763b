"""Move traffic to a release: the steps, their undo, and reconciling after a crash."""
