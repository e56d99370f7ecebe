"""PDFs that only show pages are kept as they are; those that do more, or are two things, are refused."""

import pytest

from city.files import Kind, Use, checks, pdfs
from city.files.errors import Unfit
from tests.city.files import makers

ANY = Use(name="test.any", kinds=tuple(Kind))
LINK = b"<</Type/Annot/Subtype/Link/A<</S/URI/URI(https://cirebonkota.go.id)>>>>"


class TestPdfs:
    def test_plain_ones_stay_as_they_are(self) -> None:
        for body in (
            makers.pdf(),
            makers.pdf(LINK),
            makers.pdf(makers.stream(b"BT ET")),
            makers.pdf(pages=3),
        ):
            assert checks.check(body, ANY, "surat.pdf").body == body

    @pytest.mark.parametrize(
        "body, word",
        [
            (makers.pdf(catalog=b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), "JavaScript"),
            (makers.pdf(catalog=b"/OpenAction<</S/J#61vaScript/JS(app.alert(1))>>"), "JavaScript"),
            (makers.pdf(catalog=b"/OpenAction<</S/#4aavaScrip#74/JS(x)>>"), "JavaScript"),
            (makers.pdf(b"<</S/Launch/F(cmd.exe)>>"), "other programs"),
            (makers.pdf(b"<</S/GoToR/F(\\\\host\\share\\x.pdf)>>"), "other programs"),
            (makers.pdf(b"<</S/SubmitForm/F(http://x)>>"), "other programs"),
            (makers.pdf(catalog=b"/Names<</EmbeddedFiles<</Names[]>>>>"), "other files"),
            (makers.pdf(makers.stream(b"x", b"/Type/EmbeddedFile")), "other files"),
            (makers.pdf(b"<</Type/Annot/Subtype/RichMedia>>"), "other files"),
            (makers.pdf(trailer=b"/Encrypt<</Filter/Standard/V 2/R 3/O(x)/U(x)/P -4>>"), "encrypted"),
            (makers.pdf(catalog=b"/AcroForm<</XFA[]/Fields[]>>"), "XFA"),
            (
                makers.pdf(makers.stream(b"1 0 <</S/JavaScript/JS(x)>>", b"/Type/ObjStm/N 1/First 4")),
                "JavaScript",
            ),
            (
                makers.pdf(makers.stream(b"x", b"/Type/ObjStm/N 1/First 4/Filter/LZWDecode", packed=False)),
                "damaged",
            ),
            (makers.pdf(pages=201), "200 pages"),
        ],
    )
    def test_those_that_do_more_than_show_pages_are_refused(self, body: bytes, word: str) -> None:
        with pytest.raises(Unfit, match=word):
            checks.check(body, ANY, "surat.pdf")

    def test_a_hidden_revision_is_seen(self) -> None:
        """The structure that ours follows is clean; a reader that mends files would find the script."""
        body = makers.pdf(after=b"\n" + b"9 0 obj <</S/JavaScript/JS(x)>> endobj\n%%EOF")
        with pytest.raises(Unfit):
            checks.check(body, ANY, "surat.pdf")

    @pytest.mark.parametrize(
        "body",
        [
            makers.pdf(after=makers.archive([("a.exe", b"MZ")])),
            makers.pdf(after=b"<script>alert(1)</script>" * 9),
            makers.pdf(makers.stream(makers.archive([("a", b"b")])[:-2] + b"\xff\xff", packed=False)),
        ],
        ids=["zip behind", "page behind", "zip inside, not to the end"],
    )
    def test_two_kinds_in_one(self, body: bytes) -> None:
        if body.endswith(b"%%EOF\n"):
            assert checks.check(body, ANY, "x").body == body  # archivers do not open it
        else:
            with pytest.raises(Unfit, match="another kind"):
                checks.check(body, ANY, "x")

    def test_an_archive_whose_comment_is_the_rest_is_refused(self) -> None:
        """The PDF is whole and the ZIP is whole: one file for two programs."""
        inner = makers.archive([("a.exe", b"MZ")])
        shell = makers.pdf(makers.stream(inner, packed=False))
        at = shell.rfind(b"PK\x05\x06")
        rest = len(shell) - at - 22
        body = shell[: at + 20] + rest.to_bytes(2, "little") + shell[at + 22 :]
        with pytest.raises(Unfit, match="another kind"):
            checks.check(body, ANY, "x")

    def test_a_bomb_is_not_opened(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pdfs, "_EXPANDED", 3_000_000)
        assert checks.check(makers.pdf(makers.stream(bytes(2_500_000))), ANY, "x").kind is Kind.PDF
        with pytest.raises(Unfit, match="too large once opened"):
            checks.check(makers.pdf(makers.stream(bytes(3_500_000))), ANY, "x")
        two = [makers.stream(bytes(1_700_000))] * 2
        with pytest.raises(Unfit, match="too large once opened"):
            checks.check(makers.pdf(*two), ANY, "x")

    def test_a_stream_of_nothing_is_a_bomb_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Empty deflate blocks make no byte, and each stream would be read to the end again."""
        monkeypatch.setattr(pdfs, "_EXPANDED", 3_000_000)
        empty = b"x\x9c" + b"\x00\x00\x00\xff\xff" * 20_000
        with pytest.raises(Unfit, match="too large once opened"):
            checks.check(makers.pdf(*[makers.stream(empty, packed=False)] * 40), ANY, "x")

    def test_a_huge_picture_inside_is_refused(self) -> None:
        picture = makers.stream(b"x", b"/Subtype/Image/Width 100000/Height 100000", packed=False)
        with pytest.raises(Unfit, match="too large once opened"):
            checks.check(makers.pdf(picture), ANY, "x")

    def test_a_cut_or_looping_one_is_refused(self) -> None:
        body = makers.pdf(pages=3)
        for end in (20, len(body) // 2, len(body) - 8):
            with pytest.raises(Unfit):
                checks.check(body[:end], ANY, "x")
        loop = makers.pdf().replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]")
        with pytest.raises(Unfit):
            checks.check(loop, ANY, "x")
        with pytest.raises(Unfit):
            checks.check(makers.pdf(before=b"GIF89a"), ANY, "x")
