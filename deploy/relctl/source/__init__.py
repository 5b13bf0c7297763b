"""Access to git, and what ties images to commits."""
