"""Static files of all packages, held in memory under one address that changes with their content."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PREFIX: Final = "/static"
_FOREVER: Final = "public, max-age=31536000, immutable"
_PACKED: Final = frozenset({"text/css", "text/javascript", "image/svg+xml", "text/plain", "application/json"})
_TYPES: Final = {".woff2": "font/woff2", ".js": "text/javascript", ".svg": "image/svg+xml"}


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One static file."""

    body: bytes
    packed: bytes | None  # gzip, where it pays
    media_type: str


class Assets:
    """ASGI application for `/static/{version}/{package}/{path}`; the version is a digest of every file."""

    def __init__(
        self, folders: Mapping[str, Path], *, joined: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """`joined`: further files, each made of others of its folder, so that a page asks once."""
        self._files: dict[str, File] = {}
        digest = hashlib.sha256()
        for name, folder in sorted(folders.items()):
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                key = f"{name}/{path.relative_to(folder).as_posix()}"
                self._files[key] = _file(path.read_bytes(), path)
        for key, names in (joined or {}).items():
            bodies = [self._files[f"{key.partition('/')[0]}/{name}"].body for name in names]
            self._files[key] = _file(b"\n".join(bodies), Path(key))
        for key, file in self._files.items():
            digest.update(f"{key}\0{len(file.body)}\0".encode())
            digest.update(file.body)
        self.version = digest.hexdigest()[:12]

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def url(self, path: str) -> str:
        """Address of `{package}/{path}`. Raises LookupError for a file that is not there."""
        if path not in self._files:
            raise LookupError(f"no static file {path}")
        return f"{PREFIX}/{self.version}/{path}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one file; an address of another version is served too, but not kept."""
        local = str(scope["path"]).removeprefix(str(scope.get("root_path", ""))).lstrip("/")
        version, _, path = local.partition("/")
        file = self._files.get(path)
        if file is None or scope["method"] not in {"GET", "HEAD"}:
            await Response(status_code=404 if file is None else 405)(scope, receive, send)
            return
        headers = {"Cache-Control": _FOREVER if version == self.version else "no-cache"}
        body = file.body
        if file.packed is not None:
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
                headers["Content-Encoding"] = "gzip"
                body = file.packed
        await Response(body, headers=headers, media_type=file.media_type)(scope, receive, send)


def _file(body: bytes, path: Path) -> File:
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(body, mtime=0) if media_type in _PACKED else None
    return File(body=body, packed=packed, media_type=media_type)
