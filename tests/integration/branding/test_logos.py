"""Logos: only pixels are kept, whatever comes; and they are fetched by their mark alone."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image, PngImagePlugin

from portal.accounts.models import Brand
from portal.branding import colours
from provisioning.models import OU
from tests.integration.branding.pictures import claiming, drawn, moving, opened, upload
from tests.integration.factories import make_ou

pytestmark = pytest.mark.django_db
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def send(owner: Client, ou: OU, content: bytes, name: str = "logo.png", kind: str = "image/png") -> object:
    facts = {"name": "Acme", "logo": upload(content, name, kind)}
    return owner.post(reverse("branding:edit", args=[ou.guid]), facts)


def refused(owner: Client, ou: OU, content: bytes, words: str) -> None:
    answer = owner.post(reverse("branding:edit", args=[ou.guid]), {"name": "Acme", "logo": upload(content)})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_logo_error"' in text
    assert words in text
    assert not Brand.objects.exists()


@pytest.mark.parametrize(
    ("kind", "size", "kept"),
    [
        ("PNG", (600, 200), (360, 120)),
        ("JPEG", (4000, 100), (400, 10)),
        ("WEBP", (20, 20), (20, 20)),
        ("PNG", (1, 1), (1, 1)),
        ("PNG", (2000, 2000), (120, 120)),
        ("PNG", (40_000, 1), (400, 1)),
    ],
)
def test_a_logo_is_made_to_fit(
    owner: Client, root: OU, kind: str, size: tuple[int, int], kept: tuple[int, int]
) -> None:
    send(owner, root, drawn(kind, size), "whatever.svg", "image/svg+xml")  # what it is called does not count
    picture = opened(bytes(Brand.objects.get().logo))
    assert (picture.format, picture.size) == ("PNG", kept)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_a_logo_of_any_kind_of_pixel_is_taken(owner: Client, root: OU, mode: str) -> None:
    send(owner, root, drawn("PNG", (30, 20), mode))
    assert opened(bytes(Brand.objects.get().logo)).mode == "RGBA"


def test_nothing_but_pixels_is_kept(owner: Client, root: OU) -> None:
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "<script>planted</script>")
    exif = Image.Exif()
    exif[0x010E] = "planted-exif"
    content = drawn("PNG", pnginfo=note, exif=exif, icc_profile=b"planted-profile" * 20)
    send(owner, root, content + b"<script>planted</script>" + b"PK\x03\x04planted")
    kept = bytes(Brand.objects.get().logo)
    assert b"planted" not in kept
    assert b"script" not in kept
    assert set(opened(kept).info) <= {"dpi"}
    assert kept.endswith(b"IEND\xaeB`\x82")


def test_a_photo_that_lay_on_its_side_stands(owner: Client, root: OU) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    send(owner, root, drawn("JPEG", (300, 100), exif=exif), "logo.jpg", "image/jpeg")
    assert opened(bytes(Brand.objects.get().logo)).size == (40, 120)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no PNG"),
        (SVG, "no PNG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>" + SVG, "no PNG"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "no PNG"),
        (b"%PDF-1.7", "no PNG"),
        (b"GIF89a" + SVG, "no PNG"),
        (b"\x89PNG\r\n\x1a\n" + SVG, "no PNG"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 50, "no PNG"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "no PNG"),
        (drawn("GIF"), "no PNG"),
        (drawn("BMP"), "no PNG"),
        (drawn("TIFF"), "no PNG"),
        (drawn("ICO", (32, 32)), "no PNG"),
        (drawn("JPEG")[:-900], "no PNG"),
        (drawn("PNG")[:200], "no PNG"),
        (claiming(1000, 1000), "no PNG"),
        (claiming(100_000, 100_000), "no PNG"),
        (claiming(9_000, 9_000), "4 million"),
        (claiming(0, 10), "no PNG"),
        (drawn("PNG", (2001, 2000)), "4 million"),
        (moving("PNG"), "moves"),
        (moving("WEBP"), "moves"),
        (b"\x89PNG" + b"\x00" * (512 * 1024), "512 kB"),
    ],
    ids=range(23),
)
def test_what_is_no_still_picture_of_sound_size_is_refused(
    owner: Client, root: OU, content: bytes, words: str
) -> None:
    refused(owner, root, content, words)


def test_a_logo_is_had_by_its_mark_alone_and_kept_for_ever(client: Client, owner: Client, root: OU) -> None:
    send(owner, root, drawn())
    brand = Brand.objects.get()
    path = reverse("branding:logo", args=[brand.pk, brand.logo_mark])
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer.content == bytes(brand.logo)
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer["Cache-Control"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert not answer.cookies
    assert Client().post(path).status_code in (403, 405)


def test_guesses_find_no_logo_and_no_colour(root: OU) -> None:
    mark, own = "0123456789abcdef", "fedcba9876543210"
    bare = Brand.objects.create(ou=root, name="No logo", accent="")
    full = Brand.objects.create(ou=make_ou(), name="Other", accent="#2456c9", logo=drawn(), logo_mark=own)
    colour = colours.mark("#2456c9")
    for guess in (
        f"{full.pk}/{mark}.png",
        f"{bare.pk}/{own}.png",
        f"{bare.pk}/.png",
        f"{full.pk}/{own.upper()}.png",
        f"{full.pk}/{own}.svg",
        f"{full.pk}/{mark}.css",
        f"{bare.pk}/{colour}.css",
        f"999999999999999999/{own}.png",
        f"-1/{own}.png",
    ):
        assert Client().get(f"/appearance/{guess}").status_code == 404, guess
    answer = Client().get(f"/appearance/{full.pk}/{colour}.css")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/css")
    assert "immutable" in answer["Cache-Control"]


def test_two_logos_of_the_same_pixels_have_marks_of_their_own(owner: Client, root: OU, north: OU) -> None:
    for ou in (root, north):
        send(owner, ou, drawn())
    one, other = Brand.objects.all()
    assert bytes(one.logo) == bytes(other.logo)
    assert one.logo_mark != other.logo_mark
    assert BytesIO(bytes(one.logo)).getvalue()
