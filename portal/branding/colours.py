"""One colour of a reseller's, and what follows from it: letters that can be read, in light and in dark.

Contrast is that of WCAG 2.2: 4.5 is what text must have; links get 6, since they also stand on tinted ground.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

WHITE, BLACK = "#ffffff", "#000000"
LEAST = 4.5
LEAST_OF_LINKS = 6.0
LEAST_OF_SHAPES = 3.0
LIGHT_GROUNDS = (WHITE, "#eff1f5")
DARK_GROUNDS = ("#131922", "#1b222d", "#2b3340")
_DARK_CARD = "#1b222d"
_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.ASCII)


@dataclass(frozen=True)
class Shades:
    """What the pages need of one accent."""

    accent: str
    pressed: str
    link: str
    on_dark: str
    pressed_on_dark: str
    link_on_dark: str


def read(typed: str) -> str | None:
    """ "#AbC" and "aabbcc" as "#aabbcc"; None of what is no colour."""
    found = _HEX.fullmatch(typed.strip().lower())
    if found is None:
        return None
    digits = found[1]
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def is_readable(accent: str) -> bool:
    """Whether white letters can be read on it."""
    return contrast(accent, WHITE) >= LEAST


def nearest_readable(accent: str) -> str:
    """The same colour, as much darker as white letters need."""
    return _towards(accent, BLACK, (WHITE,), LEAST)


@lru_cache(maxsize=200)
def shades(accent: str) -> Shades:
    """All that follows from an accent that is readable."""
    on_dark = _towards(accent, WHITE, (_DARK_CARD,), LEAST_OF_SHAPES)
    return Shades(
        accent=accent,
        pressed=_mixed(accent, BLACK, 0.15),
        link=_towards(accent, BLACK, LIGHT_GROUNDS, LEAST_OF_LINKS),
        on_dark=on_dark,
        pressed_on_dark=_mixed(on_dark, BLACK, 0.15),
        link_on_dark=_towards(accent, WHITE, DARK_GROUNDS, LEAST_OF_LINKS),
    )


def stylesheet(accent: str, within: str = "") -> str:
    """Tabler's variables set to it, everywhere or only `within` a selector."""
    its = shades(accent)
    everywhere = within or ':root,[data-bs-theme="light"],[data-bs-theme="dark"]'
    link = f"light-dark({its.link},{its.link_on_dark})"
    links = f"--tblr-link-color:{link};--tblr-link-hover-color:{link};--link-strong:{link}"
    return (
        f"{everywhere}{{{_button(its.accent, its.pressed)};{links}}}\n"
        f'{within}[data-bs-theme="dark"]{{{_button(its.on_dark, its.pressed_on_dark)}}}\n'
    )


def mark(accent: str) -> str:
    """Changes with the stylesheet: part of its address."""
    return hashlib.sha256(stylesheet(accent).encode()).hexdigest()[:16]


def _button(colour: str, pressed: str) -> str:
    rgb = ",".join(str(part) for part in _parts(colour))
    return (
        f"--tblr-primary:{colour};--tblr-primary-rgb:{rgb};--tblr-primary-darken:{pressed};"
        f"--tblr-primary-fg:#fff;--mark:{colour}"
    )


def _towards(colour: str, end: str, grounds: tuple[str, ...], least: float) -> str:
    """The colour itself, or the first on the way to black or white that stands out from all the grounds."""
    steps = (_mixed(colour, end, step / 200) for step in range(201))
    return next(shade for shade in steps if all(contrast(shade, ground) >= least for ground in grounds))


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
