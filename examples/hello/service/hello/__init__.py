"""The smallest service that relctl ships: the standard library, and one file as its model."""
