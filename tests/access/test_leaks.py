"""What lists tell beside their pages: files, searches, filters by somebody else's things, and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from portal import access
from portal.accounts.models import Invitation
from tests.access.counting import Count
from tests.access.viewers import LEAST, VIEWERS, each, named
from tests.access.walking import HTMX, Walker
from tests.access.world import MARK, World, mark

SCOPED = [viewer.name for viewer in VIEWERS if viewer.holds]
LISTS = (
    "attention:list", "bell:list", "ous:list", "ous:resellers", "customers:list", "packages:list", "domains:list",
    "mailboxes:list", "mailboxes:choose", "batches:list", "activity:list", "acting:list", "people:list",
    "people:invitations", "people:invite_where", "rights:list", "trail:list", "connecting:list", "branding:list",
    "prices:list", "prices:projection", "search:all", "usage:list", "usage:months", "usage:runs",
)  # fmt: skip
FILES = (
    "ous:list",
    "packages:list",
    "domains:list",
    "mailboxes:list",
    "activity:list",
    "people:list",
    "trail:list",
    "usage:list",
)
OF_COMPANIES = {"usage:list"}  # has no line of what they are under
ANSWERS = frozenset({200, 204, 302, 303, 404, 422})
# What differs from one answer to the next without telling anything: the form's tokens and marks, and when a cookie ends
_PASSING = re.compile(
    r"csrfmiddlewaretoken.{0,90}|x-csrftoken[^}]*|set-cookie: .*|[0-9a-f]{8}-[0-9a-f-]{27}|x-request-id.*"
)


def asked(world: World) -> Iterator[str]:
    """Addresses of lists, each with what a person may add to them: filters that name foreign things above all."""
    there = world.at("other")
    mailbox, person = there.things["mailbox"], there.things["person"]
    filters = [
        {"q": "zq"},
        {"q": mark("other", "mailbox")},
        {"q": mailbox.guid},
        {"q": str(there.things["action"].pk)},
        {"company": there.ou.guid},
        {"company": mark("other", "ou"), "parent": there.ou.guid, "domain": there.things["domain"].guid},
        {"by": str(person.pk), "person": person.email, "role": there.things["role"].name},
        {"under": there.ou.guid, "product": mark("other", "edition"), "months": "24", "compare": "none"},
        {"object": f"mailbox:{mailbox.guid}", "ou": there.ou.guid, "edition": mark("other", "edition")},
        {"open": ",".join(str(there.things[name].pk) for name in ("queued", "finished", "failed")), "v": "x"},
    ]
    for name in LISTS:
        yield from (f"{reverse(name)}?{urlencode(one)}" for one in filters)
    for name in FILES:
        yield from (f"{reverse(name)}?export={form}" for form in ("csv", "csv-excel", "xlsx"))
        yield from (f"{reverse(name)}?export=csv&{urlencode(one)}" for one in filters[:-1])


@pytest.mark.parametrize("name", each(SCOPED, LEAST))
def test_no_list_search_filter_or_file_tells_of_others(name: str, world: World, count: Count) -> None:
    walker = Walker(world, named(name))
    for url in asked(world):
        answer = walker.ask("GET", url)
        walker.judge("GET", url, answer, ANSWERS)
        if answer.status_code == 200 and "open=" in url:
            walker.judge("GET (HTMX)", url, walker.ask("GET", url, **HTMX), ANSWERS)
    count(walker.walk)


def test_files_and_searches_do_tell_of_ones_own(world: World) -> None:
    """Else the test above could not fail."""
    walker = Walker(world, named("owner"))
    for name in FILES:
        for form in ("csv", "xlsx"):
            said = walker.ask("GET", f"{reverse(name)}?export={form}").said
            own = {"company"} if name in OF_COMPANIES else {"sub", "company"}
            assert own <= {place for place, _ in MARK.findall(said)}, name
    assert ("company", "mailbox") in MARK.findall(walker.ask("GET", f"{reverse('search:all')}?q=zq").said)


@pytest.fixture
def _time_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no minute goes by between two looks at a page."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)


@pytest.mark.usefixtures("_time_stands")
@pytest.mark.parametrize("name", each(SCOPED, LEAST))
def test_nothing_shown_changes_when_others_get_more(name: str, world: World, count: Count) -> None:
    """Numbers, pages, the bell: the whole text of each list is the same before and after."""
    walker = Walker(world, named(name))
    for url in changed(walker, world):
        walker.walk.fail(f"{name}: {url} shows something else since another reseller has more")
    count(walker.walk)


@pytest.mark.usefixtures("_time_stands")
def test_a_number_that_counts_others_would_be_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "invitations", lambda _: Invitation.objects.all())
    assert reverse("people:list") in changed(Walker(world, named("owner")), world)


def changed(walker: Walker, world: World) -> list[str]:
    """Addresses that show something else once another reseller has more of everything."""
    urls = [reverse(route) for route in LISTS]
    urls += [f"{reverse('search:all')}?q=zq", f"{reverse('bell:list')}?since=1"]
    before = {url: _shown(walker, url) for url in urls}
    world.add_foreign()
    walker.keep()
    walker.walk.cases += len(urls)
    return [url for url in urls if _shown(walker, url) != before[url]]


def _shown(walker: Walker, url: str) -> str:
    return _PASSING.sub("", walker.ask("GET", url).said)
