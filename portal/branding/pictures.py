"""Logos: whatever is uploaded is painted anew, so that nothing but its pixels is kept."""

from __future__ import annotations

from io import BytesIO

from django.core.exceptions import ValidationError
from PIL import Image, ImageOps

MOST_BYTES = 512 * 1024
MOST_PIXELS = 4_000_000
SIZE = (400, 120)
FORMATS = ("PNG", "JPEG", "WEBP")
_TOO_BIG = "This file is larger than 512 kB. Save the logo smaller and choose it again."
_TOO_WIDE = "This picture has more than 4 million pixels. Make it smaller: 400 × 120 is all that is shown."
_MOVES = "This picture moves. Choose one that stands still."
_NOT_ONE = "This is no PNG, JPEG or WebP picture, or it is damaged. Save the logo as PNG and choose it again."


def remade(content: bytes) -> bytes:
    """A PNG of at most 400 × 120 with the same pixels and nothing else: no profile, no place, no note, no second file
    behind it. By what the bytes are, not by what they are called. Raises ValidationError, in a sentence."""
    if len(content) > MOST_BYTES:
        raise ValidationError(_TOO_BIG)
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            _check(picture)
            return _painted(picture)
    except ValidationError:
        raise
    except Exception:  # decoders fail in many ways on bytes that were made to break them
        raise ValidationError(_NOT_ONE)


def _check(picture: Image.Image) -> None:
    """Before a single pixel is unpacked."""
    if picture.width * picture.height > MOST_PIXELS:
        raise ValidationError(_TOO_WIDE)
    if getattr(picture, "n_frames", 1) > 1:
        raise ValidationError(_MOVES)


def _painted(picture: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    upright.thumbnail(SIZE)
    fresh = Image.new("RGBA", upright.size)
    fresh.paste(upright)
    out = BytesIO()
    fresh.save(out, "PNG", optimize=True)
    return out.getvalue()
