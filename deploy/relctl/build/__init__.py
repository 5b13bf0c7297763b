"""From a commit to an image: checkout, layers, image config, load."""
