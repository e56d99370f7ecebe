"""Files to try: good ones, and those that people of ill will send."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

from PIL import Image

MODEL, ORIENTATION, GPS = 0x0110, 0x0112, 0x8825


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: object
) -> bytes:
    """A picture whose left half is red and right half is blue."""
    image = Image.new("RGB", size, (220, 20, 20))
    image.paste((20, 20, 220), (size[0] // 2, 0, size[0], size[1]))
    out = io.BytesIO()
    image.convert(mode).save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int = 1) -> bytes:
    """What a phone writes down: its model, how it was held, and where."""
    found = Image.Exif()
    found[MODEL] = "TELEPON-RAHASIA"
    found[ORIENTATION] = orientation
    found[GPS] = {1: "S", 2: (6.0, 44.0, 12.0)}
    return found.tobytes()


def png_of(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims a size, and keeps its promise only in its header."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def pdf(
    *extra: bytes,
    catalog: bytes = b"",
    trailer: bytes = b"",
    pages: int = 1,
    after: bytes = b"",
    before: bytes = b"",
) -> bytes:
    """A PDF of empty pages; `extra`: further objects; `catalog`, `trailer`: further entries."""
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 3 + pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids),
        *[b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"] * pages,
        *extra,
    ]
    out = bytearray(before + b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )
    return bytes(out) + after


def stream(body: bytes, entries: bytes = b"", *, packed: bool = True) -> bytes:
    """A stream of a PDF."""
    data = zlib.compress(body) if packed else body
    filter_ = b"/Filter/FlateDecode" if packed else b""
    return b"<</Length %d%s%s>>\nstream\n%s\nendstream" % (len(data), filter_, entries, data)


def archive(entries: Sequence[tuple[str, bytes]], comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in entries:
            made.writestr(name, body)
        made.comment = comment
    return out.getvalue()


def workbook(*extra: tuple[str, bytes]) -> bytes:
    """A real workbook, with further entries."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Nama", "NIK"])
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as made:
        for name, body in extra:
            made.writestr(name, body)
    return out.getvalue()
