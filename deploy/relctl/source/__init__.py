"""Access to git and other programs, and the link between images and commits."""
