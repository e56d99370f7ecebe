"""What of S3 the shelf uses, on loopback: real requests of a real client, contents in memory."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

NONE = b"<Error><Code>NoSuchKey</Code></Error>"
DENIED = b"<Error><Code>AccessDenied</Code></Error>"
EMPTY = b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
STARTED = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
ENDED = b'<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>'


class Bucket(ThreadingHTTPServer):
    """A server; `contents` is what lies there, `broken` makes it refuse everything."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.broken = False
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    @property
    def bucket(self) -> Bucket:
        assert isinstance(self.server, Bucket)
        return self.server

    @property
    def key(self) -> str:
        return urlsplit(self.path).path.lstrip("/")

    @property
    def asked(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    def do_GET(self) -> None:
        if "list-type" in self.asked:
            self.answer(200, EMPTY)
            return
        body = self.bucket.contents.get(self.key)
        if body is None:
            self.answer(404, NONE)
            return
        first, _, last = self.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
        part = body[int(first) : int(last) + 1 if last else None]
        span = f"bytes {first}-{int(first) + len(part) - 1}/{len(body)}"
        self.answer(206, part, {"Content-Range": span})

    def do_HEAD(self) -> None:
        body = self.bucket.contents.get(self.key)
        length = {} if body is None else {"Content-Length": str(len(body))}
        self.answer(404 if body is None else 200, b"", length)

    def do_PUT(self) -> None:
        body = self.body()
        if "partNumber" in self.asked:
            self.bucket.parts.setdefault(self.key, {})[int(self.asked["partNumber"][0])] = body
        elif not self.bucket.broken:
            self.bucket.contents[self.key] = body
        self.answer(200, b"", {"ETag": '"x"'})

    def do_POST(self) -> None:
        self.body()
        if "uploads" in self.asked:
            self.answer(200, STARTED)
            return
        parts = self.bucket.parts.pop(self.key)
        self.bucket.contents[self.key] = b"".join(parts[number] for number in sorted(parts))
        self.answer(200, ENDED)

    def do_DELETE(self) -> None:
        self.bucket.contents.pop(self.key, None)
        self.answer(204, b"")

    def body(self) -> bytes:
        raw = self.raw()
        if "aws-chunked" not in self.headers.get("content-encoding", ""):
            return raw
        out = b""
        while raw:
            line, _, raw = raw.partition(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            if not size:
                break
            out, raw = out + raw[:size], raw[size + 2 :]
        return out

    def raw(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", "0")))
        out = b""
        while size := int(self.rfile.readline(), 16):
            out += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return out

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        if self.bucket.broken:
            status, body, headers = 403, DENIED, None
        told = {"Content-Length": str(len(body)), "Content-Type": "application/xml"} | (headers or {})
        self.send_response(status)
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
