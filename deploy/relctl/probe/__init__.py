"""The door to a running service: the HTTP contract every service keeps."""
