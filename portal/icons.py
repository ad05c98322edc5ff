"""The vendored icons, inlined: no font, no request, and they take the colour of the text."""

import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent.parent / "static" / "vendor" / "tabler-icons-3.51.0"
_NAME: Final = re.compile(r"[a-z0-9-]+")
_SHAPES: Final = re.compile(r'<path d="[^"]*" />')  # the first path of each file is an empty frame
_FALLBACK: Final = "circle-dashed"


@cache
def icon_svg(name: str, css: str = "") -> str:
    """The SVG of one icon as markup, hidden from assistive technology; `css` adds classes. How it is drawn is in base.css.

    Menus and states name icons as data: an unknown name draws a neutral circle and breaks nothing.
    """
    shapes = "".join(_SHAPES.findall(_file(name).read_text(encoding="utf-8")))
    return (
        f'<svg class="{escape(f"icon {css}".strip())}" width="24" height="24" viewBox="0 0 24 24" aria-hidden="true">'
        f"{shapes}</svg>"
    )


def _file(name: str) -> Path:
    path = FOLDER / f"{name}.svg"
    if _NAME.fullmatch(name) and path.is_file():
        return path
    return FOLDER / f"{_FALLBACK}.svg"
