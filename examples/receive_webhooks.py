"""Receive the platform's events by webhook: none that somebody made up, and none twice but after a crash.

IMM_WEBHOOK_SECRET=whsec_… python receive_webhooks.py 8700 seen.txt
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

APART = 300  # seconds that a request may be old: one that somebody recorded cannot be sent again later
LARGEST = 1 << 20  # bytes of a body
SECRET = base64.b64decode(os.environ["IMM_WEBHOOK_SECRET"].removeprefix("whsec_"))
SEEN = Path(sys.argv[2])
turn = Lock()
seen = set(SEEN.read_text().split()) if SEEN.exists() else set()


def handle(event: dict[str, object]) -> None:
    """Your work; quick, or put into a queue of yours: after 15 seconds without an answer it is sent again."""
    print(event["time"], event["type"], event["subject"], flush=True)


def genuine(headers: dict[str, str], body: bytes) -> bool:
    """Whether it was signed with our secret, and not long ago."""
    key, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not moment.isdecimal() or abs(time.time() - int(moment)) > APART:
        return False
    signed = hmac.digest(SECRET, f"{key}.{moment}.".encode() + body, hashlib.sha256)
    ours = "v1," + base64.b64encode(signed).decode()
    # While a secret is changed there are two signatures: one of them is enough.
    return any(hmac.compare_digest(ours, theirs) for theirs in headers.get("webhook-signature", "").split())


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 when the event is handled; anything else, or nothing, has it sent again."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("content-length", "0")), LARGEST))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not genuine(headers, body):
            self.send_error(401)
            return
        with turn:  # the key stays the same when an event comes again, by a retry or after a crash
            if headers["webhook-id"] not in seen:
                handle(json.loads(body))
                seen.add(headers["webhook-id"])
                with SEEN.open("a") as file:
                    file.write(f"{headers['webhook-id']}\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Our own lines are enough."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
