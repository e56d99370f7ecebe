"""`python -m alerts.explain`: one drawing as msgpack on standard input → PNG on standard output."""

from __future__ import annotations

import sys

import msgspec

from alerts.explain.drawing import Drawing, png

if __name__ == "__main__":
    sys.stdout.buffer.write(png(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Drawing)))
