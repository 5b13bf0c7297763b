"""Control Nginx: render, test, start and reload it, and move the traffic pointer."""
