"""Serves the page's files: a browser's copy is good for as long as the content is the same."""

import hashlib
from pathlib import Path

from flask import Flask, Response, send_from_directory
from werkzeug.security import safe_join


class WithAssets(Flask):
    """Flask, with other ETags for static files.

    Flask makes them of a file's time and size. In an image the files of the page have the same time in
    every release (they lie in a layer that releases share), and two files may have the same size.
    """

    def send_static_file(self, filename: str) -> Response:
        """As Flask does; raises NotFound for what there is not."""
        folder = self.static_folder or ""
        path = safe_join(folder, filename)
        found = path is not None and Path(path).is_file()
        etag = hashlib.sha256(Path(path).read_bytes()).hexdigest() if found and path else True
        response = send_from_directory(folder, filename, etag=etag)
        response.headers.pop("Last-Modified", None)
        return response
