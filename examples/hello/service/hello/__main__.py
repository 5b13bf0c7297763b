"""Greet over HTTP: POST /greet {"name": "Ada"} is answered with {"greeting": "Hello, Ada!"}.

What relctl asks of a service is below "the contract"; replace the rest with your own.
"""

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# relctl sets these three in the image.
MODEL = json.loads((Path(os.environ["MODEL_DIR"]) / "greeting.json").read_text(encoding="utf-8"))
RELEASE = json.loads(Path(os.environ["RELEASE_FILE"]).read_text(encoding="utf-8"))
PORT = int(os.environ["PORT"])


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open between requests for `timeout` seconds."""

    protocol_version = "HTTP/1.1"
    timeout = 75  # contract.keep_alive in versions.yaml
    disable_nagle_algorithm = True  # headers and body are two writes: do not hold back the second

    def do_GET(self) -> None:
        # --- the contract: alive, ready, and which release this is ---
        if self.path in ("/livez", "/readyz"):
            self.answer(200, {})
        elif self.path == "/version":
            self.answer(200, RELEASE)
        else:
            self.answer(404, {"error": "there is no such path"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            name = json.loads(body)["name"]
        except (ValueError, KeyError, TypeError):
            self.answer(400, {"error": "send JSON with a name"})
            return
        self.answer(200, {"greeting": MODEL["greeting"].format(name=name)})

    def answer(self, status: int, value: dict[str, Any]) -> None:
        """Send `value` as JSON."""
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until SIGTERM, which relctl sends once no request runs here any more."""
    server = ThreadingHTTPServer(("0.0.0.0", PORT), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


main()
