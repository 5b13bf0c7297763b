"""Takes connections: what gunicorn's thread worker leaves open for a service behind a proxy."""
