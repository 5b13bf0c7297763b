"""Moving traffic to a release: the steps, their undo, and putting in order what was interrupted."""
