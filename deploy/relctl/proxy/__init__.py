"""The door to Nginx: rendering, testing, reloading, and the traffic pointer."""
