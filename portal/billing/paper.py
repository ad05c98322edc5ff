"""A customer's statement on paper: A4, under the reseller's name, logo and colour.

DejaVu Sans is embedded, as far as it is used: Latin, Greek, Cyrillic, Armenian, Georgian and more. What it lacks (Chinese,
Japanese, Korean, most scripts of South Asia, emoji) is shown as a question mark, and the statement says so; letters that are
written from right to left are shown, but unjoined and from left to right.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from portal.accounts.models import Brand
from portal.billing import statements
from portal.billing.models import Line
from portal.billing.pricing import Charge
from portal.billing.statements import Statement, day

_FONTS = Path(__file__).parent / "fonts" / "dejavu-2.37"
_TEXT, _BOLD = "DejaVu", "DejaVu-Bold"
_ACCENT = "#2456c9"
_INK, _QUIET, _LINE, _GROUND = (
    HexColor("#1b222d"),
    HexColor("#5a6675"),
    HexColor("#d5dae1"),
    HexColor("#f4f6f9"),
)
_WARN = HexColor("#9a4a00")
_EDGE = 18 * mm
_PAD = 6  # points that reportlab keeps free within a frame
_WIDTH = A4[0] - 2 * _EDGE
_LONGEST_CELL = 600  # characters; what is longer would not fit a page


def statement(one: Statement, brand: Brand | None) -> bytes:
    """The PDF. `brand` is the reseller's, or None for the portal's own look."""
    _fonts()
    paper = _Paper(one, brand)
    out = BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=_EDGE - _PAD, rightMargin=_EDGE - _PAD, topMargin=36 * mm, bottomMargin=24 * mm,
        title=f"Statement {one.month:%B %Y}", author=paper.name, subject=one.title, lang="en",
    )  # fmt: skip
    document.build(paper.story(), onFirstPage=paper.draw, onLaterPages=paper.draw, canvasmaker=_Numbered)
    return out.getvalue()


@lru_cache(maxsize=1)
def _fonts() -> Any:
    """Read once. Returns the letters that there are."""
    regular = TTFont(_TEXT, str(_FONTS / "DejaVuSansCondensed.ttf"))
    pdfmetrics.registerFont(regular)
    pdfmetrics.registerFont(TTFont(_BOLD, str(_FONTS / "DejaVuSansCondensed-Bold.ttf")))
    pdfmetrics.registerFontFamily(_TEXT, normal=_TEXT, bold=_BOLD, italic=_TEXT, boldItalic=_BOLD)
    return frozenset(regular.face.charToGlyph)


def printable(text: str) -> str:
    """As the font can show it: composed, without what nobody sees, a question mark for what it lacks."""
    known = _fonts()
    composed = unicodedata.normalize("NFC", text)
    seen = (" " if letter.isspace() else letter for letter in composed)
    kept = (letter for letter in seen if unicodedata.category(letter) not in ("Cc", "Cf", "Mn"))
    return "".join(letter if ord(letter) in known else "?" for letter in kept)


class _Numbered(Canvas):
    """Knows at the end how many pages there are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  (reportlab's name)
        self._kept.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        for number, page in enumerate(self._kept, 1):
            self.__dict__.update(page)
            self.setFont(_TEXT, 7.5)
            self.setFillColor(_QUIET)
            self.drawRightString(A4[0] - _EDGE, 12 * mm, f"Page {number} of {len(self._kept)}")
            super().showPage()
        super().save()


def _style(**more: Any) -> ParagraphStyle:
    size = more.pop("size", 8.5)
    facts = {"fontName": _TEXT, "fontSize": size, "leading": size * 1.35, "textColor": _INK, **more}
    return ParagraphStyle("", **facts)


class _Paper:
    """One statement being drawn; `lacks` is whether a letter could not be shown."""

    def __init__(self, one: Statement, brand: Brand | None) -> None:
        self.one, self.brand = one, brand
        self.name = brand.name if brand else "Mailroom"
        self.accent = HexColor(brand.accent if brand and brand.accent else _ACCENT)
        self.logo = bytes(brand.logo) if brand and brand.logo_mark else b""
        self.lacks = False

    def say(self, text: str, *, bold: bool = False, **more: Any) -> Paragraph:
        shown = printable(text[:_LONGEST_CELL])
        self.lacks = self.lacks or shown.count("?") > text.count("?")
        markup = escape(shown)
        return Paragraph(f"<b>{markup}</b>" if bold else markup, _style(**more))

    def money(self, text: str, **more: Any) -> Paragraph:
        return self.say(text, alignment=TA_RIGHT, **more)

    # --- around every page

    def draw(self, canvas: Canvas, document: Any) -> None:
        top = A4[1] - 14 * mm
        canvas.setFillColor(self.accent)
        canvas.rect(0, A4[1] - 4 * mm, A4[0], 4 * mm, stroke=0, fill=1)
        if self.logo:
            picture = ImageReader(BytesIO(self.logo))
            width, height = picture.getSize()
            scale = min(60 * mm / width, 16 * mm / height)
            canvas.drawImage(picture, _EDGE, top - height * scale, width * scale, height * scale, mask="auto")
        else:
            canvas.setFillColor(_INK)
            canvas.setFont(_BOLD, 15)
            canvas.drawString(_EDGE, top - 12, printable(self.name))
        canvas.setFillColor(_INK)
        canvas.setFont(_BOLD, 15)
        canvas.drawRightString(
            A4[0] - _EDGE, top - 12, "Statement" if self.one.closed else "Draft of a statement"
        )
        canvas.setFont(_TEXT, 9.5)
        canvas.setFillColor(_QUIET)
        canvas.drawRightString(A4[0] - _EDGE, top - 26, f"{self.one.month:%B %Y}")
        canvas.setStrokeColor(_LINE)
        canvas.line(_EDGE, 17 * mm, A4[0] - _EDGE, 17 * mm)
        canvas.setFont(_TEXT, 7.5)
        canvas.drawString(_EDGE, 12 * mm, printable(self._foot()))

    def _foot(self) -> str:
        support = self.brand.support_email if self.brand else ""
        return " · ".join(part for part in (self.name, support) if part)

    # --- what it says

    def story(self) -> list[Flowable]:
        one = self.one
        story: list[Flowable] = [self.say(one.title, bold=True, size=13), Spacer(1, 2 * mm), self._facts()]
        story.append(Spacer(1, 6 * mm))
        if one.used:
            story.append(self._lines("In use", one.used))
        if one.adjustments:
            story += [Spacer(1, 6 * mm), self._lines("Corrections of earlier months", one.adjustments)]
        if not one.lines:
            story.append(self.say("Nothing was counted for this month.", textColor=_QUIET))
        return [*story, Spacer(1, 6 * mm), KeepTogether([*self._sums(), *self._notes()])]

    def _facts(self) -> Flowable:
        closed = self.one.closed
        said = (
            f"Closed on {day(closed.closed_at)}"
            if closed
            else "Not closed yet: figures and prices may change"
        )
        return self.say(
            f"Usage and what it costs in {self.one.month:%B %Y}. {said}.", textColor=_QUIET, size=9
        )

    def _lines(self, title: str, lines: list[Line]) -> Flowable:
        quiet: dict[str, Any] = {"textColor": _QUIET, "size": 7.5}
        heads = [
            self.say(title, **quiet),
            *(self.money(word, **quiet) for word in ("Number", "Net", "Tax", "With tax")),
        ]
        rows = [heads, *(self._line(line) for line in lines)]
        widths = [_WIDTH - 116 * mm, 16 * mm, 34 * mm, 26 * mm, 40 * mm]
        table = Table(rows, colWidths=widths, repeatRows=1)
        table.setStyle(_lined(self.accent))
        return table

    def _line(self, line: Line) -> list[Any]:
        small: dict[str, Any] = {"textColor": _QUIET, "size": 7.5}
        under = [statements.price_words(line), statements.domains(line), line.reason]
        first = [self.say(line.edition, bold=True), *(self.say(text, **small) for text in under if text)]
        count = self.money(f"{line.count:+,}" if line.adjusts else f"{line.count:,}")
        if line.net is None:
            mark = self.money("unpriced" if line.count else "–", textColor=_WARN if line.count else _QUIET)
            return [first, count, mark, "", ""]
        amounts = (f"{line.currency} {line.net:,}", f"{line.tax:,}", f"{statements.gross(line):,}")
        rate = self.money(f"{line.tax_rate.normalize():f} %", **small) if line.tax_rate else ""
        net, tax, gross = map(self.money, amounts)
        return [first, count, net, [tax, rate] if rate else tax, gross]

    def _sums(self) -> list[Flowable]:
        rows = [self._sum(total) for total in self.one.totals]
        if not rows:
            return []
        table = Table(rows, colWidths=[_WIDTH - 100 * mm, 34 * mm, 26 * mm, 40 * mm])
        table.setStyle(_boxed(self.accent))
        return [table]

    def _sum(self, total: Charge) -> list[Any]:
        label = self.say(f"Total {total.currency}", bold=True, size=10)
        net, tax = self.money(f"{total.net:,}", size=9), self.money(f"{total.tax:,}", size=9)
        return [label, net, tax, self.money(f"{total.currency} {total.gross:,}", bold=True, size=10)]

    def _notes(self) -> list[Flowable]:
        notes = []
        if self.one.unpriced:
            notes.append(f"{len(self.one.unpriced)} unpriced: without a price, in no sum, and not free.")
        if len(self.one.totals) > 1:
            notes.append("Each currency is summed by itself.")
        if self.one.closed:
            notes.append(f"The month was closed under the hash {self.one.closed.hash} (SHA-256).")
        if self.lacks:
            notes.append("A question mark stands for a letter that this file cannot show; the CSV has it.")
        return [Spacer(1, 3 * mm), *(self.say(text, textColor=_QUIET, size=7.5) for text in notes)]


def _lined(accent: Color) -> TableStyle:
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 1, accent),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, _LINE),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
            ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
        ]
    )


def _boxed(accent: Color) -> TableStyle:
    return TableStyle(
        [
            ("BACKGROUND", (0, 0), (-1, -1), _GROUND),
            ("LINEABOVE", (0, 0), (-1, 0), 1.2, accent),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("RIGHTPADDING", (-1, 0), (-1, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 6),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
        ]
    )
