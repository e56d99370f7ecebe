"""What is taken as a file, what is made of it, and what is refused, by content and never by name."""

import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from city.files import Kind, Use, checks, kinds, names
from city.files.errors import TooLarge, Unfit
from tests.city.files import makers

ANY = Use(name="test.any", kinds=tuple(Kind))
PICTURES = Use(name="test.picture", kinds=kinds.IMAGES, longest=200)


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


class TestKinds:
    @pytest.mark.parametrize(
        "body, kind",
        [
            (makers.picture("JPEG"), Kind.JPEG),
            (makers.picture("PNG"), Kind.PNG),
            (makers.picture("WEBP"), Kind.WEBP),
            (makers.pdf(), Kind.PDF),
            (makers.workbook(), Kind.XLSX),
            (b"Nama;NIK\r\nSiti;3274\r\n", Kind.CSV),
        ],
    )
    def test_each_is_known_by_its_content(self, body: bytes, kind: Kind) -> None:
        checked = checks.check(body, ANY, "berkas.exe")
        assert checked.kind is kind
        assert checked.name == f"berkas{kind.suffix}"

    @pytest.mark.parametrize(
        "body",
        [
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            b"<html><script>alert(1)</script></html>",
            b"\x7fELF\x02\x01\x01" + bytes(64),
            b"MZ" + bytes(64),
            b"#!/bin/sh\nrm -rf /\n",
            b"GIF89a" + bytes(40),
            b"%!PS-Adobe-3.0\n",
            makers.archive([("a.txt", b"a")]),
            bytes(100),
            b"nama;alamat\r\n<script>alert(1)</script>;x\r\n",
            b"nama;alamat\r\n%PDF-1.4\r\n",
        ],
    )
    def test_others_are_refused_and_named(self, body: bytes) -> None:
        with pytest.raises(Unfit) as refused:
            checks.check(body, ANY, "gambar.jpg")
        assert refused.value.said.id
        assert refused.value.said.en

    def test_a_use_takes_its_own_kinds_only(self) -> None:
        with pytest.raises(Unfit, match=r"application/pdf.*send JPEG, PNG, WEBP"):
            checks.check(makers.pdf(), PICTURES, "foto.jpg")

    def test_nothing_is_refused(self) -> None:
        with pytest.raises(Unfit, match="empty"):
            checks.check(b"", ANY, "kosong.pdf")

    @given(
        st.binary(max_size=300),
        st.sampled_from(["", "\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "%PDF-1.7", "PK\x03\x04"]),
    )
    def test_whatever_comes_is_taken_or_refused(self, body: bytes, head: str) -> None:
        with suppress(Unfit):
            checks.check(head.encode("latin-1") + body, ANY, "x")


class TestSizes:
    def test_reading_stops_at_the_limit(self) -> None:
        source = io.BytesIO(bytes(5_000_000))
        with pytest.raises(TooLarge):
            checks.read(source, 1_000_000, "besar.pdf")
        assert source.tell() <= 1_000_001

    async def test_a_stream_is_cut_at_the_limit(self) -> None:
        sent = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(1_000):
                sent += 1
                yield bytes(1_000)

        with pytest.raises(TooLarge, match=r"0\.01 MB"):
            await checks.gather(body(), 10_000, "besar.pdf")
        assert sent == 11

    async def test_up_to_the_limit_all_is_read(self) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b"ab"
            yield b"cd"

        assert await checks.gather(body(), 4, "x") == b"abcd"
        assert checks.read(io.BytesIO(b"abcd"), 4, "x") == b"abcd"

    def test_a_use_says_its_limit(self) -> None:
        with pytest.raises(ValueError, match="limit"):
            Use(name="test.huge", kinds=(Kind.PDF,), limit=10**10)


class TestPictures:
    @pytest.mark.parametrize("kind", kinds.IMAGES)
    def test_what_a_phone_writes_down_is_gone(self, kind: Kind) -> None:
        body = makers.picture(kind.name, exif=makers.exif(), icc_profile=b"PROFIL-RAHASIA")
        assert b"TELEPON-RAHASIA" in body
        clean = checks.check(body, PICTURES, "foto.jpg").body
        image = opened(clean)
        assert image.size == (60, 40)
        assert not image.getexif()
        assert not {"icc_profile", "exif", "xmp", "comment"} & image.info.keys()
        assert b"RAHASIA" not in clean

    def test_comments_are_gone(self) -> None:
        assert b"RAHASIA" not in checks.check(makers.picture("JPEG", comment=b"RAHASIA"), PICTURES, "x").body

    @pytest.mark.parametrize(
        "orientation, size, corner", [(1, (60, 40), "red"), (3, (60, 40), "blue"), (6, (40, 60), "red")]
    )
    def test_it_stands_upright(self, orientation: int, size: tuple[int, int], corner: str) -> None:
        image = opened(checks.check(makers.picture(exif=makers.exif(orientation)), PICTURES, "x").body)
        assert image.size == size
        red, _, blue = image.convert("RGB").getpixel((2, 2))  # type: ignore[misc]  # three bands
        assert ("red" if red > blue else "blue") == corner

    def test_a_large_one_is_made_smaller(self) -> None:
        for kind in ("JPEG", "PNG"):
            assert opened(checks.check(makers.picture(kind, (900, 450)), PICTURES, "x").body).size == (
                200,
                100,
            )

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
    def test_every_mode_of_png_is_written_again(self, mode: str) -> None:
        out = io.BytesIO()
        Image.new(mode, (8, 8)).save(out, "PNG")
        assert opened(checks.check(out.getvalue(), PICTURES, "x").body).size == (8, 8)

    def test_a_transparent_colour_stays_transparent(self) -> None:
        body = makers.picture("PNG", transparency=(220, 20, 20))
        image = opened(checks.check(body, PICTURES, "x").body).convert("RGBA")
        assert [image.getpixel((x, 5))[3] for x in (2, 50)] == [0, 255]  # type: ignore[index]  # four bands

    def test_a_jpeg_of_print_is_taken(self) -> None:
        assert opened(checks.check(makers.picture("JPEG", mode="CMYK"), PICTURES, "x").body).mode == "RGB"

    def test_a_hundred_megapixels_are_refused_before_they_are_decoded(self) -> None:
        with pytest.raises(Unfit, match="100 megapixels"):
            checks.check(makers.png_of(10_000, 10_000), ANY, "bom.png")

    @pytest.mark.parametrize(
        "chunk",
        [
            b"VP8X\x0a\0\0\0\0\0\0\0" + (9_999).to_bytes(3, "little") * 2,
            b"VP8L\x0a\0\0\0/" + (9_999 | 9_999 << 14).to_bytes(4, "little") + bytes(5),
            b"VP8 \x0a\0\0\0\0\0\0\x9d\x01*" + (10_000).to_bytes(2, "little") * 2,
        ],
        ids=["extended", "lossless", "lossy"],
    )
    def test_a_webp_of_many_is_refused_before_room_is_made_for_it(self, chunk: bytes) -> None:
        with pytest.raises(Unfit, match="100 megapixels"):
            checks.check(b"RIFF\xff\0\0\0WEBP" + chunk + bytes(500), ANY, "bom.webp")

    def test_every_form_of_webp_is_taken(self) -> None:
        for options in ({}, {"lossless": True}, {"exif": makers.exif()}):
            body = makers.picture("WEBP", (37, 23), **options)
            assert opened(checks.check(body, PICTURES, "x").body).size == (37, 23)

    @pytest.mark.parametrize("kind", kinds.IMAGES)
    def test_a_cut_one_is_refused(self, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)  # as another library leaves it
        body = makers.picture(kind.name, (300, 200))
        for end in (12, 40, len(body) // 2):
            with pytest.raises(Unfit):
                checks.check(body[:end], PICTURES, "x")

    def test_what_hides_behind_a_picture_is_gone(self) -> None:
        body = makers.picture() + makers.archive([("rahasia.txt", b"x")])
        assert zipfile.is_zipfile(io.BytesIO(body))
        clean = checks.check(body, PICTURES, "x").body
        assert not zipfile.is_zipfile(io.BytesIO(clean))

    def test_the_same_picture_gives_the_same_bytes(self) -> None:
        assert (
            checks.check(makers.picture(), PICTURES, "a").body
            == checks.check(makers.picture(), PICTURES, "b").body
        )


class TestWorkbooks:
    @pytest.mark.parametrize(
        "entry, word",
        [
            (("xl/vbaProject.bin", b"x"), "macros"),
            (("xl/embeddings/oleObject1.bin", b"x"), "macros"),
            (("isi.zip", b"x"), "macros"),
            (("../../etc/passwd", b"x"), "damaged"),
            (("xl/workbook.xml", b"x"), "damaged"),
        ],
    )
    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_what_is_more_than_a_table_is_refused(self, entry: tuple[str, bytes], word: str) -> None:
        with pytest.raises(Unfit, match=word):
            checks.check(makers.workbook(entry), ANY, "x.xlsx")

    def test_a_bomb_is_not_opened(self) -> None:
        bomb = makers.workbook(("xl/media/a.png", bytes(60_000_000)))
        assert len(bomb) < 100_000
        with pytest.raises(Unfit, match="too large once opened"):
            checks.check(bomb, ANY, "x.xlsx")

    def test_another_archive_is_none(self) -> None:
        with pytest.raises(Unfit, match="no Excel workbook"):
            checks.check(makers.archive([("a.txt", b"a")]), ANY, "x.xlsx")

    def test_what_stands_behind_is_refused(self) -> None:
        with pytest.raises(Unfit, match="damaged"):
            checks.check(makers.workbook() + b"<script>", ANY, "x.xlsx")
        with pytest.raises(Unfit, match="damaged"):
            checks.check(makers.workbook()[:-30], ANY, "x.xlsx")


class TestNames:
    @pytest.mark.parametrize(
        "sent, kept",
        [
            ("foto KTP.JPG", "foto KTP.pdf"),
            ("../../etc/passwd", "passwd.pdf"),
            ("C:\\Users\\x\\surat.docx", "surat.pdf"),
            ("a\r\nSet-Cookie: x", "aSet-Cookie_ x.pdf"),
            ("tagihan\u202efdp.exe", "tagihanfdp.pdf"),
            ("", "berkas.pdf"),
            ("...", "berkas.pdf"),
            ("CON", "berkas.pdf"),
            ("Surat Pengantar RT.03", "Surat Pengantar RT.pdf"),
            ("é" * 300, "é" * 96 + ".pdf"),
        ],
    )
    def test_names_are_safe(self, sent: str, kept: str) -> None:
        assert names.safe(sent, Kind.PDF) == kept

    @given(st.text(max_size=200), st.sampled_from(Kind))
    def test_always(self, sent: str, kind: Kind) -> None:
        name = names.safe(sent, kind)
        assert name.endswith(kind.suffix)
        assert len(name) <= names.LONGEST
        assert name.isprintable()
        assert not set('/\\"<>:|?*') & set(name)
        assert names.safe(name, kind) == name
