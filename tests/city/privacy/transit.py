"""A key service on a real port: the part of the transit API that we use, with real AES-GCM and HMAC."""

import base64
import hashlib
import hmac
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "s.owner"


class Service:
    """Its keys never leave it; `trouble` says how it misbehaves, `asked` what was asked of it."""

    def __init__(self) -> None:
        self.keys: dict[str, bytes] = {}
        self.deletable: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.trouble: list[int | str] = []  # a status, `silent`, `odd`: one for each of the next requests
        self.binds = True  # an old one ignores what a text belongs to
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Nothing on the console."""

            def _do(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                path = self.path.removeprefix("/v1/transit/")
                service.asked.append((self.command, path))
                status, answer = service.answer(self.command, path, body, self.headers["x-vault-token"])
                if status == 0:
                    self.close_connection = True
                    return
                text = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_LIST = do_DELETE = _do  # noqa: N815 - the names that http.server looks for

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, body: dict[str, Any], token: str | None) -> tuple[int, Any]:
        if self.trouble:
            trouble = self.trouble.pop(0)
            if trouble == "silent":
                return 0, None
            return (
                (200, {"data": {}}) if trouble == "odd" else (int(trouble), {"errors": ["Vault is sealed"]})
            )
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        verb, _, rest = path.partition("/")
        if verb == "keys":
            return self._manage(method, rest, body)
        name = rest.partition("/")[0]
        if name not in self.keys:
            return 400, {"errors": ["encryption key not found"]}
        return self._use(verb, self.keys[name], body)

    def _manage(self, method: str, rest: str, body: dict[str, Any]) -> tuple[int, Any]:
        if method == "LIST":
            return (200, {"data": {"keys": sorted(self.keys)}}) if self.keys else (404, {"errors": []})
        name, _, what = rest.partition("/")
        if method == "DELETE":
            if name not in self.deletable:
                return 400, {"errors": ["deletion is not allowed for this key"]}
            del self.keys[name]
        elif what == "config":
            assert body == {"deletion_allowed": True}
            self.deletable.add(name)
        else:
            assert body == {"type": "aes256-gcm96"}
            self.keys.setdefault(name, os.urandom(32))  # to make one that is there changes nothing
        return 204, None

    def _use(self, verb: str, key: bytes, body: dict[str, Any]) -> tuple[int, Any]:
        bound = base64.b64decode(body.get("associated_data", "")) if self.binds else b""
        if verb == "encrypt":
            nonce = os.urandom(12)
            sealed = nonce + AESGCM(key).encrypt(nonce, base64.b64decode(body["plaintext"]), bound)
            return 200, {"data": {"ciphertext": f"vault:v1:{base64.b64encode(sealed).decode()}"}}
        if verb == "hmac":
            assert body["key_version"] == 1
            digest = hmac.digest(key, base64.b64decode(body["input"]), hashlib.sha256)
            return 200, {"data": {"hmac": f"vault:v1:{base64.b64encode(digest).decode()}"}}
        head, _, text = body["ciphertext"].rpartition(":")
        if head != "vault:v1":
            return 400, {"errors": ["invalid ciphertext: no prefix"]}
        sealed = base64.b64decode(text)
        try:
            plain = AESGCM(key).decrypt(sealed[:12], sealed[12:], bound)
        except InvalidTag:
            return 400, {"errors": ["cipher: message authentication failed"]}
        return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}
