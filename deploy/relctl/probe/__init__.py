"""Send requests to a running service by the HTTP contract that every service keeps."""
