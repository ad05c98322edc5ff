"""The files that pages are made of: nothing inline, nothing foreign, nothing missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from portal import icons

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OWN = [*(ROOT / "static/css").glob("*.css"), *(ROOT / "static/js").glob("*.js")]
VENDORED = sorted((ROOT / "static/vendor").rglob("*.*"))
ERRORS = ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "errors/unavailable.html"]
INLINE = re.compile(  # JSON in a script element is data: a browser runs none of it
    r"""<script(?![^>]*(\bsrc=|\btype="application/json"))|<style|\sstyle=|\son[a-z]+=["']|javascript:|\bhx-on""",
    re.IGNORECASE,
)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_no_template_holds_a_script_or_a_style(path: Path) -> None:
    assert not INLINE.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [*TEMPLATES, *OWN], ids=named)
def test_nothing_is_fetched_from_another_host(path: Path) -> None:
    assert not re.search(
        r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", path.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_each_icon_that_a_template_names_is_vendored(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    names = re.findall(
        r"""\{% icon ["']([a-z0-9-]+)["']|\bicon(?:\|default)?[=:]["']([a-z0-9-]+)["']""", source
    )
    missing = {
        name for pair in names for name in pair if name and not (icons.FOLDER / f"{name}.svg").is_file()
    }
    assert not missing


def test_no_vendored_file_refers_to_a_source_map() -> None:
    texts = [path for path in VENDORED if path.suffix in {".css", ".js"}]
    assert texts
    assert not [path for path in texts if "sourceMappingURL=" in path.read_text(encoding="utf-8")]


def test_each_vendored_folder_has_its_licence_and_its_line_in_the_list() -> None:
    listed = (ROOT / "static/vendor/README.md").read_text(encoding="utf-8")
    for folder in (path for path in (ROOT / "static/vendor").iterdir() if path.is_dir()):
        assert (folder / "LICENSE").is_file()
        assert f"`{folder.name}`" in listed


def test_each_file_that_our_styles_name_exists() -> None:
    for path in OWN:
        for name in re.findall(r'url\("([^"]+)"\)', path.read_text(encoding="utf-8")):
            assert (path.parent / name).resolve().is_file(), name


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_needs_no_context(name: str) -> None:
    drawn = render_to_string(name)
    assert drawn.count("<h1") == 1
    assert "Mailroom" in drawn
    assert "htmx" not in drawn
