"""Answers the HTTP contract from release.json, and POST /translate with the text it was sent."""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RELEASE = json.loads(Path(os.environ["RELEASE_FILE"]).read_text())
BEHAVIOUR = json.loads((Path(os.environ["MODEL_DIR"]) / "behaviour.json").read_text())
INFO = {**RELEASE, "dependencies": {}, **BEHAVIOUR.get("lies", {})}


class Handler(BaseHTTPRequestHandler):
    """One connection; kept alive longer than Nginx keeps it."""

    protocol_version = "HTTP/1.1"
    timeout = 75
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        if self.path == "/readyz":
            self.answer(200 if BEHAVIOUR.get("ready", True) else 503, {})
        elif self.path == "/version":
            self.answer(200, INFO)
        elif self.path == "/crash":
            os._exit(1)
        else:
            self.answer(200 if self.path == "/livez" else 404, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            text = json.loads(body)["text"]
        except (ValueError, KeyError, TypeError):
            return self.answer(400, {"error": "no text"})
        time.sleep(BEHAVIOUR.get("delay_ms", 0) / 1000)
        translation = BEHAVIOUR.get("translation", text)
        return self.answer(200, {"translation": translation, "success": True, "release": RELEASE["tag"]})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    """Threads that do not keep the process alive, and room for a burst of connections."""

    daemon_threads = True
    request_queue_size = 1024


def main():
    if BEHAVIOUR.get("exits"):
        sys.exit("the model cannot be loaded: planted fault")
    server = Server(("0.0.0.0", int(os.environ["PORT"])), Handler)
    import signal

    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)


main()
