"""QR codes as pictures for pages."""

from __future__ import annotations


def data(text: str) -> str:
    """Text → QR code as a `data:` address of an SVG, for an `img` of a template."""
    import segno

    return segno.make(text, error="m", micro=False).svg_data_uri(border=2, dark="#10233f", unit="mm", scale=1)
