"""The interface to the container engine."""
