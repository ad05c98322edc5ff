"""Whatever colour a reseller chooses: its letters can be read, in light and in dark."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.branding import colours
from portal.branding.colours import contrast

ANY = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(ANY)
def test_every_shade_of_every_accent_can_be_read(chosen: str) -> None:
    accent = colours.nearest_readable(chosen)
    shades = colours.shades(accent)
    for ground in (shades.accent, shades.pressed, shades.on_dark, shades.pressed_on_dark):
        assert contrast("#ffffff", ground) >= 4.5
    assert min(contrast(shades.link, ground) for ground in ("#ffffff", "#f7f8fa", "#eff1f5")) >= 6
    assert min(contrast(shades.link_on_dark, ground) for ground in ("#131922", "#1b222d", "#2b3340")) >= 6
    assert contrast(shades.on_dark, "#1b222d") >= 3


@given(ANY)
def test_the_nearest_colour_is_the_chosen_one_where_that_will_do(chosen: str) -> None:
    near = colours.nearest_readable(chosen)
    assert colours.is_readable(near)
    assert (near == chosen) == colours.is_readable(chosen)


@given(ANY)
def test_a_stylesheet_holds_nothing_but_colours(chosen: str) -> None:
    text = colours.stylesheet(colours.nearest_readable(chosen))
    left = re.sub(r"#[0-9a-f]{3,6}|\d+,\d+,\d+", "", text)
    assert left == re.sub(r"#[0-9a-f]{3,6}|\d+,\d+,\d+", "", colours.stylesheet("#000000"))


@given(st.text(max_size=12))
def test_what_is_read_is_a_colour_or_nothing(typed: str) -> None:
    found = colours.read(typed)
    assert found is None or re.fullmatch("#[0-9a-f]{6}", found)


@pytest.mark.parametrize(
    ("typed", "found"),
    [("#AbC", "#aabbcc"), (" 2456c9 ", "#2456c9"), ("#2456c9;", None), ("", None), ("##2456c9", None)],
)
def test_a_colour_is_read_as_people_write_it(typed: str, found: str | None) -> None:
    assert colours.read(typed) == found


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert not colours.is_readable("#777777")
    assert colours.is_readable("#767676")


def test_another_accent_has_another_mark() -> None:
    assert colours.mark("#2456c9") != colours.mark("#2456ca")
