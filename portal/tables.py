"""Lists as tables: which columns are shown, by which one they are sorted, and the same list as a file.

A list states its columns once; its page, its sorting, the choice of columns and its export follow from that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from portal import exports, filters, listing
from portal.access import SIGNED_IN, policy

_CHUNK = 500
_YEAR = 365 * 86400
Row = Any
Expand = Callable[[list[Any]], Sequence[Row]]


@dataclass(frozen=True)
class Column:
    """One column. `text` gives a row's cell for files; `sort` is the column of the database that it can be sorted by,
    for which there is an index; `first` columns cannot be put away; `extra` ones are shown only when chosen; `under`:
    on the page it stands inside another one's cell."""

    name: str
    label: str
    text: Callable[[Row], Any]
    sort: str = ""
    num: bool = False
    first: bool = False
    extra: bool = False
    under: bool = False


class Table:
    """One list as one person looks at it now."""

    def __init__(
        self, request: HttpRequest, name: str, columns: Sequence[Column], newest: bool = False
    ) -> None:
        self.request, self.name, self.columns, self.newest = request, name, columns, newest

    @cached_property
    def names(self) -> set[str]:
        """The columns that are shown: as chosen before, else those that are not extra."""
        kept = self.request.COOKIES.get(_cookie(self.name))
        if not kept:
            return {column.name for column in self.columns if not column.extra}
        chosen = set(kept.split("."))
        return {column.name for column in self.columns if column.first or column.name in chosen}

    @cached_property
    def shown(self) -> dict[str, bool]:
        """For templates: `{% if table.shown.edition %}`."""
        return {column.name: column.name in self.names for column in self.columns}

    @cached_property
    def sorted_by(self) -> tuple[Column, bool]:
        """The column in force, and whether downward."""
        wanted = self.request.GET.get("sort", "")
        for column in self.columns:
            if column.sort and wanted.lstrip("-") == column.name:
                return column, wanted.startswith("-")
        return next(column for column in self.columns if column.sort), self.newest

    @property
    def keys(self) -> tuple[str, ...]:
        """The order, made unique by the row's own number."""
        column, down = self.sorted_by
        names = dict.fromkeys((column.sort, "id"))
        return tuple(f"-{name}" if down else name for name in names)

    def page(self, found: QuerySet[Any]) -> listing.Page:
        return listing.page(self.request, found, *self.keys)

    @property
    def sort(self) -> str:
        """As the address says it, for the forms that must not lose it."""
        return self.request.GET.get("sort", "")[:60]

    @property
    def sort_note(self) -> str:
        column, down = self.sorted_by
        return f"sorted by {column.label}, {'descending' if down else 'ascending'}"

    @property
    def heads(self) -> list[dict[str, Any]]:
        """For components/list_head.html."""
        by, down = self.sorted_by
        return [
            {
                "label": column.label,
                "num": column.num,
                "url": self._sort_url(column, down=column is by and not down),
                "sorted": ("descending" if down else "ascending") if column is by else "",
            }
            for column in self.columns
            if self.shown[column.name] and not column.under
        ]

    def _sort_url(self, column: Column, *, down: bool) -> str:
        if not column.sort:
            return ""
        return self._url(sort=f"-{column.name}" if down else column.name)

    def _url(self, **said: str) -> str:
        query = self.request.GET.copy()
        for name in (*filters.CURSORS, "export"):
            query.pop(name, None)
        for name, value in said.items():
            query[name] = value
        return f"{self.request.path}?{query.urlencode()}"

    @property
    def choices(self) -> list[dict[str, Any]]:
        """For the menu of columns."""
        return [
            {
                "name": column.name,
                "label": column.label,
                "shown": self.shown[column.name],
                "first": column.first,
            }
            for column in self.columns
        ]

    @property
    def columns_url(self) -> str:
        return reverse("columns", args=[self.name])

    @property
    def here(self) -> str:
        """This list, without its cursor: where choosing columns leads back to."""
        return filters.without(self.request)

    @property
    def files(self) -> list[dict[str, str]]:
        """For the menu of exports."""
        return [{"label": label, "url": self._url(export=form)} for form, label in exports.FORMATS]

    @property
    def wanted_file(self) -> str:
        """The kind of file that the address asks for; "" for the page."""
        wanted = self.request.GET.get("export", "")
        return wanted if wanted in dict(exports.FORMATS) else ""

    def file(self, found: QuerySet[Any], expand: Expand) -> HttpResponseBase:
        """All rows of the list as a file. `expand` makes of some rows of the database what a page shows of them."""
        columns = [column for column in self.columns if column.name in self.names]
        ordered = found.order_by(*self.keys).iterator(chunk_size=_CHUNK)
        cells = ([column.text(row) for column in columns] for row in _expanded(ordered, expand))
        headings = [column.label for column in columns]
        return exports.answer(self.wanted_file, self.name, headings, cells, count=found.count())


def _expanded(found: Iterator[Any], expand: Expand) -> Iterator[Row]:
    while some := list(islice(found, _CHUNK)):
        yield from expand(some)


def _cookie(name: str) -> str:
    return f"columns-{name}"


@policy(SIGNED_IN)
@require_POST
def choose_columns(request: HttpRequest, name: str) -> HttpResponse:
    """Keep in a cookie which columns of a list are shown, and go back to it; `reset` forgets the choice."""
    chosen = [text for text in request.POST.getlist("column") if text.isidentifier() and text.isascii()][:40]
    to = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(to, {request.get_host()}, require_https=request.is_secure()):
        raise Http404
    response = HttpResponseRedirect(to, status=303)
    if "reset" in request.POST:
        response.delete_cookie(_cookie(name), samesite="Lax")
        return response
    response.set_cookie(
        _cookie(name),
        ".".join(chosen) or "-",  # nothing but what cannot be put away
        max_age=_YEAR,
        samesite="Lax",
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response
