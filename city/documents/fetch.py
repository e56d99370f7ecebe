"""What a page may load: assets of our packages, and pictures made on the spot. Never a network or a path."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

SCHEME: Final = "asset"
_PICTURE: Final = "data:image/svg+xml"
_TYPES: Final = {".woff2": "font/woff2", ".svg": "image/svg+xml"}


class Assets:
    """Files of packages, as `asset:{package}/{path}`."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = {name: folder.resolve() for name, folder in folders.items()}

    def url(self, path: str) -> str:
        """Address of `{package}/{path}`. Raises LookupError."""
        self.find(path)
        return f"{SCHEME}:{path}"

    def find(self, path: str) -> Path:
        """File of `{package}/{path}`. Raises LookupError."""
        package, _, rest = path.partition("/")
        folder = self._folders.get(package)
        file = (folder / rest).resolve() if folder else None
        if file is None or folder is None or not file.is_relative_to(folder) or not file.is_file():
            raise LookupError(f"there is no asset {path}")
        return file


def fetcher(assets: Assets) -> Any:
    """The fetcher that WeasyPrint asks; what it refuses stops the document."""
    from weasyprint import urls

    class Fetcher(urls.URLFetcher):  # type: ignore[misc]  # the library ships no types
        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ARG002 - the library's signature
            if url.startswith(_PICTURE):
                return super().fetch(url)
            scheme, _, path = url.partition(":")
            try:
                if scheme != SCHEME:
                    raise LookupError(f"{url[:80]} is no asset of ours")
                file = assets.find(path)
            except LookupError as error:
                raise urls.FatalURLFetchingError(str(error)) from None
            kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            return urls.URLFetcherResponse(url, file.read_bytes(), {"Content-Type": kind})

    return Fetcher()
