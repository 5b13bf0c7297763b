"""Answers the HTTP contract from release.json, and POST /translate with the text it was sent.

What `model/behaviour.json` may plant, beside what stands in the code: `says` another translation of some
texts; `refuses` some texts with 503; `company` (`other` or `crossed`) is what a text gets that is not alone;
`batch` (`turned` or `other`) is how /batch goes wrong; `leak_kib` are kept of each request; and from request
number `from` on, `then` is done: `fail`, `garble` or `exit`. One of `fails_every` texts gets 500, which gates
that send fewer do not see. `ready_path`, `info_path` and `port` are where it answers instead.
GET /lines/N streams N lines in N/2 seconds, and GET /enough makes one that says so the last. `headers` go
with every answer to a text, `ready_headers` with those about readiness. Without the headers of `wants` every
GET gets `unless` (400). It keeps a silent connection for `keep_alive` seconds, and takes `eats_mib` as it
starts.
"""

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


class Work:
    """What is under way, so that behaviour may depend on company and on the number of requests."""

    def __init__(self):
        self.lock, self.texts, self.number, self.leaked = threading.Lock(), [], 0, []

    def begin(self, text):
        with self.lock:
            self.number += 1
            self.texts.append(text)
            if "leak_kib" in BEHAVIOUR:
                self.leaked.append(os.urandom(1024 * BEHAVIOUR["leak_kib"]))
            return self.number

    def end(self, text):
        with self.lock:
            others = list(self.texts)
            others.remove(text)
            self.texts.remove(text)
        return [other for other in others if other != text]


WORK, ENOUGH = Work(), threading.Event()


class Handler(BaseHTTPRequestHandler):
    """One connection; kept alive longer than Nginx keeps it."""

    protocol_version = "HTTP/1.1"
    timeout = BEHAVIOUR.get("keep_alive", 75)
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        if any(self.headers.get(name) != value for name, value in BEHAVIOUR.get("wants", {}).items()):
            return self.answer(BEHAVIOUR.get("unless", 400), {"error": "not like this"})
        if self.path == BEHAVIOUR.get("ready_path", "/readyz"):
            self.answer(200 if BEHAVIOUR.get("ready", True) else 503, {}, BEHAVIOUR.get("ready_headers", {}))
        elif self.path == BEHAVIOUR.get("info_path", "/version"):
            self.answer(200, INFO)
        elif self.path == "/crash":
            os._exit(1)
        elif self.path.startswith("/lines/"):
            self.lines(int(self.path.rpartition("/")[2]))
        elif self.path == "/enough":
            ENOUGH.set()
            self.answer(200, {})
        else:
            self.answer(200 if self.path == "/livez" else 404, {})
        return None

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/batch":
            return self.batch(json.loads(body))
        try:
            text = json.loads(body)["text"]
        except (ValueError, KeyError, TypeError):
            return self.answer(400, {"error": "no text"})
        number = WORK.begin(text)
        time.sleep(BEHAVIOUR.get("delay_ms", 0) / 1000)
        others = WORK.end(text)
        if "from" in BEHAVIOUR and number >= BEHAVIOUR["from"]:
            return self.misbehave()
        if number % BEHAVIOUR.get("fails_every", number + 1) == 0:
            return self.answer(500, {"error": "planted failure"})
        if text in BEHAVIOUR.get("refuses", ()):
            return self.answer(503, {"error": "planted refusal"})
        translation = say(text, others)
        found = {"translation": translation, "success": True, "release": RELEASE["tag"]}
        return self.answer(200, found, BEHAVIOUR.get("headers", {}))

    def lines(self, count):
        """Stream lines, two a second."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("X-Accel-Buffering", "no")
        self.end_headers()
        for number in range(count):
            self.line(number)
            if ENOUGH.wait(0.5):
                self.line("enough")
                break
        self.wfile.write(b"0\r\n\r\n")

    def line(self, words):
        line = f"{RELEASE['tag']} {words}\n".encode()
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.flush()

    def batch(self, items):
        found = [{**item, "translation": say(item["text"], [])} for item in items]
        if BEHAVIOUR.get("batch") == "other":
            found[0]["translation"] = "planted in the batch"
        self.answer(200, found[::-1] if BEHAVIOUR.get("batch") == "turned" else found)

    def misbehave(self):
        if BEHAVIOUR["then"] == "exit":
            print("planted end: übermäßig 记忆", flush=True)
            os._exit(7)
        if BEHAVIOUR["then"] == "garble":
            return self.answer(200, {"success": True})
        return self.answer(500, {"error": "planted failure"})

    def answer(self, status, value, headers=()):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, said in dict(headers).items():
            self.send_header(name, said)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def say(text, others):
    company = BEHAVIOUR.get("company") if others else None
    if company:
        return others[0] if company == "crossed" else f"{text} in company"
    return BEHAVIOUR.get("translation", BEHAVIOUR.get("says", {}).get(text, text))


class Server(ThreadingHTTPServer):
    """Threads that do not keep the process alive, and room for a burst of connections."""

    daemon_threads = True
    request_queue_size = 1024


def main():
    if BEHAVIOUR.get("exits"):
        sys.exit("the model cannot be loaded: planted fault")
    os.urandom(1024 * 1024 * BEHAVIOUR.get("eats_mib", 0))
    server = Server(("0.0.0.0", BEHAVIOUR.get("port", int(os.environ["PORT"]))), Handler)
    import signal

    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)


main()
