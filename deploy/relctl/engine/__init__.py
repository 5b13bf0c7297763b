"""The door to what runs containers."""
