"""Pictures are decoded and written anew: what is no picture (EXIF, GPS, profiles, a second file) is gone."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, Final

from city.files.errors import Unfit
from city.files.kinds import Kind
from city.files.use import Use
from contracts.judgements import Text

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile as Picture

_QUALITY: Final = 85  # of JPEG and WebP: no loss that people see, a third of the bytes of 95
_AT_ONCE: Final = threading.Semaphore(2)  # pictures decoded at a time: each may take some 500 MB
_ORIENTATION: Final = 0x0112  # EXIF
_OPAQUE: Final = ("1", "L", "RGB")  # a PNG may call one of their colours transparent
_DEEP: Final = ("I", "I;16", "I;16B", "F")  # more than 8 bits a pixel, as scanners write them
_KEPT: Final = {
    Kind.JPEG: ("L", "RGB"),
    Kind.PNG: ("1", "L", "LA", "P", "RGB", "RGBA"),
    Kind.WEBP: ("RGB", "RGBA"),
}
_DAMAGED: Final = Text(id="gambar rusak atau terpotong", en="the picture is damaged or cut off")


def clean(body: bytes, kind: Kind, use: Use, name: str) -> bytes:
    """Picture as sent → picture to keep, of the same kind, upright, at most `use.longest`. Raises Unfit."""
    if kind is Kind.WEBP:  # its decoder makes room for all of the picture as soon as it is opened
        _measured(_canvas(body[:30], name), use, name)
    with _AT_ONCE:
        return _clean(body, kind, use, name)


def _clean(body: bytes, kind: Kind, use: Use, name: str) -> bytes:
    from PIL import ImageFile

    # WeasyPrint, once it is imported, has it set for the whole process: a cut picture would pass, grey below.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        found = _opened(body, kind)
        _measured(found.size, use, name)
        if kind is Kind.JPEG:  # decode it smaller already: a large photograph costs no more than a small one
            found.draft(None, _fitting(found.size, use.longest))
        turn = _turn(found)
        found.load()
        return _written(_fit(found, kind, turn, use.longest), kind)
    except Unfit:
        raise
    except Exception:  # noqa: BLE001 - decoders raise anything on hostile input; none of it may pass
        raise Unfit(name, _DAMAGED) from None


def _opened(body: bytes, kind: Kind) -> Picture:
    """Header read, nothing decoded. By the decoder of this kind: Image.open would try others, and warn."""
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile
    from PIL.WebPImagePlugin import WebPImageFile

    opener: Callable[[BinaryIO], Picture] = {
        Kind.JPEG: JpegImageFile,
        Kind.PNG: PngImageFile,
        Kind.WEBP: WebPImageFile,
    }[kind]
    return opener(io.BytesIO(body))


def _canvas(head: bytes, name: str) -> tuple[int, int]:
    """Size of a WebP, from its header alone."""
    form, rest = head[12:16], head[20:]
    if form == b"VP8X" and len(rest) == 10:
        return int.from_bytes(rest[4:7], "little") + 1, int.from_bytes(rest[7:10], "little") + 1
    if form == b"VP8L" and rest[:1] == b"/":
        bits = int.from_bytes(rest[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 " and rest[3:6] == b"\x9d\x01*":
        return int.from_bytes(rest[6:8], "little") & 0x3FFF, int.from_bytes(rest[8:10], "little") & 0x3FFF
    raise Unfit(name, _DAMAGED)


def _measured(size: tuple[int, int], use: Use, name: str) -> None:
    width, height = size
    if width * height > use.pixels:
        most, found = f"{use.pixels / 1e6:g}", f"{width * height / 1e6:.0f}"
        raise Unfit(
            name,
            Text(
                id=f"gambar {found} megapiksel; paling banyak {most}",
                en=f"the picture has {found} megapixels; at most {most}",
            ),
        )


def _fitting(size: tuple[int, int], longest: int) -> tuple[int, int]:
    width, height = size
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _turn(found: Picture) -> int | None:
    """How to put it upright, by its EXIF; an EXIF that cannot be read turns nothing."""
    from PIL.Image import Transpose

    try:
        orientation = found.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - as above: EXIF is a format of its own, and hostile too
        return None
    turns = (
        Transpose.FLIP_LEFT_RIGHT,
        Transpose.ROTATE_180,
        Transpose.FLIP_TOP_BOTTOM,
        Transpose.TRANSPOSE,
        Transpose.ROTATE_270,
        Transpose.TRANSVERSE,
        Transpose.ROTATE_90,
    )  # of orientations 2 to 8
    return turns[orientation - 2] if isinstance(orientation, int) and 2 <= orientation <= 8 else None


def _fit(found: Picture, kind: Kind, turn: int | None, longest: int) -> Image:
    image: Image = found
    if image.mode in _DEEP:
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    elif _coloured(image, kind):
        image = image.convert("RGBA")
    if image.mode not in _KEPT[kind]:
        image = image.convert("RGBA" if "A" in image.mode and "RGBA" in _KEPT[kind] else "RGB")
    size = _fitting(image.size, longest)
    if size != image.size:
        if image.mode in {"1", "P"}:
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        image = image.resize(size, reducing_gap=2.0)
    return image if turn is None else image.transpose(turn)  # type: ignore[arg-type]  # one of Transpose


def _coloured(image: Image, kind: Kind) -> bool:
    """Whether its colours stand in a list, or one of them means transparent, and cannot be kept so."""
    if image.mode == "P":
        return kind is not Kind.PNG
    return image.mode in _OPAQUE and "transparency" in image.info


def _written(image: Image, kind: Kind) -> bytes:
    bare = image.copy()
    bare.info = {}  # comments, EXIF, XMP and profiles would be written back from here
    if image.mode == "P" and "transparency" in image.info:
        bare.info["transparency"] = image.info["transparency"]
    out = io.BytesIO()
    if kind is Kind.PNG:
        bare.save(out, "PNG", optimize=False)
    elif kind is Kind.JPEG:
        bare.save(out, "JPEG", quality=_QUALITY, optimize=True, exif=b"")
    else:
        bare.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()
