"""What the API says about itself, as OpenAPI and as a page."""
