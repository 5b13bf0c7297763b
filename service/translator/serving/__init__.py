"""Takes requests from the server, and has the application answer them."""
