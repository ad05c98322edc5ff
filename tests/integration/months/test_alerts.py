"""Mails of closed months and of usage: each once, tried again when it failed, to whom the page says."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from portal.billing import alerts, books, tasks
from portal.billing.models import Notice, Quota, Sent
from provisioning.models import AuditEntry, MonthlyFigure
from tests.integration.factories import make_domain, make_person
from tests.integration.months.conftest import EDITION, Tree, shut, text_of
from tests.integration.prices.test_sums import make_figure

pytestmark = pytest.mark.django_db


def make_notice(tree: Tree, **facts: Any) -> Notice:
    return Notice.objects.create(ou=tree.reseller, **{"recipients": ["money@example.test"], **facts})


def months() -> tuple[date, date]:
    this: date = books.today().replace(day=1)
    return (this - timedelta(days=1)).replace(day=1), this


def test_the_pack_of_a_closed_month_goes_out_once_to_each(tree: Tree) -> None:
    make_notice(tree, pack=True, recipients=["money@example.test", "more@example.test"])
    tasks.look_at_months()
    assert mail.outbox == []
    closed = shut(tree)
    for _ in range(2):
        tasks.look_at_months()
    assert [one.to for one in mail.outbox] == [["money@example.test"], ["more@example.test"]]
    one = mail.outbox[0]
    assert "October 2026 is closed" in one.subject
    assert closed.hash in one.body
    assert "ZAR: 186.00 net, 27.90 tax, 213.90 together" in one.body
    assert f"/months/{tree.reseller.guid}/2026-10/" in one.body
    ((name, content, _),) = one.attachments
    assert name == "month-2026-10.xlsx"
    assert openpyxl.load_workbook(io.BytesIO(content))["Sums"].max_row == 5


def test_a_mail_that_failed_is_shown_and_tried_again(
    finance: Client, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_notice(tree, pack=True)
    shut(tree)
    with monkeypatch.context() as away:
        away.setattr("django.core.mail.EmailMessage.send", _refuse)
        assert alerts.look() == 0
    assert not Sent.objects.exists()
    page = reverse("months:notices", args=[tree.reseller.guid])
    assert "Mail cannot be sent" in text_of(finance.get(page))
    assert alerts.look() == 1
    assert "Mail cannot be sent" not in text_of(finance.get(page))


def _refuse(*_: Any, **__: Any) -> int:
    raise OSError("The mail server does not answer.")


def test_a_quota_that_is_passed_is_told_once_a_month_and_again_when_it_is_moved(tree: Tree) -> None:
    make_notice(tree)
    _, this = months()
    make_figure(tree.domains["acme"], 7, this)
    quota = Quota.objects.create(ou=tree.acme, edition=EDITION, most=7)
    Quota.objects.create(ou=tree.beta, edition="", most=0)
    assert alerts.look() == 0
    Quota.objects.filter(pk=quota.pk).update(most=6)
    for _ in range(2):
        alerts.look()
    assert [one.subject for one in mail.outbox] == ["1 customer above quota"]
    assert f"Acme: {EDITION}, 7 in use, 6 at most" in mail.outbox[0].body
    make_figure(tree.domains["beta"], 1, this, "E")
    alerts.look()
    assert "Beta: all editions together, 1 in use, 0 at most" in mail.outbox[1].body


def test_usage_that_jumps_is_told_and_what_is_missing_is_no_jump(tree: Tree) -> None:
    make_notice(tree, jump=20)
    last, this = months()
    MonthlyFigure.objects.all().delete()
    for name, before, now in (("acme", 10, 13), ("shop", 10, 11), ("beta", 10, 12), ("below", 10, 0)):
        make_figure(tree.domains[name], before, last, "E")
        make_figure(tree.domains[name], now, this, "E")
    for _ in range(2):
        alerts.look()
    # Acme 20 to 24 and Beta 10 to 12 are twenty per cent, and not more
    assert [one.subject for one in mail.outbox] == ["Usage changed: 1 customer"]
    assert "- Below: E, from 10 to 0 (-100 %)" in mail.outbox[0].body
    MonthlyFigure.objects.filter(domain=tree.domains["beta"], month=this).update(count=40)
    make_domain(tree.beta, "uncounted.example")
    assert alerts.look() == 0


def test_who_is_told_is_set_on_a_page_and_in_the_trail(finance: Client, tree: Tree) -> None:
    page = reverse("months:notices", args=[tree.reseller.guid])
    said = {"recipients": "a@example.test; b@example.test\n a@example.test", "pack": "on", "jump": "25"}
    assert finance.post(page, said).status_code == 303
    notice = Notice.objects.get()
    assert (notice.recipients, notice.pack, notice.jump) == (["a@example.test", "b@example.test"], True, 25)
    assert AuditEntry.objects.get(kind="setting").new["recipients"] == "a@example.test, b@example.test"
    quota = {"company": tree.acme.guid, "edition": EDITION, "most": "5"}
    address = reverse("months:quota", args=[tree.reseller.guid])
    for most in ("5", "6"):
        assert finance.post(address, {**quota, "most": most}).status_code == 303
    row = Quota.objects.get()
    assert (row.ou, row.most) == (tree.acme, 6)
    assert AuditEntry.objects.filter(kind="setting").latest("pk").old == {"most": 5}
    assert "Acme" in text_of(finance.get(page))
    gone = reverse("months:remove_quota", args=[tree.reseller.guid, row.pk])
    assert finance.post(gone).status_code == 303
    assert finance.post(gone).status_code == 404
    assert not Quota.objects.exists()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"recipients": "nobody"}, "“nobody” is no address"),
        ({"recipients": "a@example.test\r\nBcc: x"}, "is no address"),
        ({"recipients": "\n".join(f"a{n}@example.test" for n in range(11))}, "10 addresses are the most"),
        ({"jump": "-1"}, "greater than or equal to 1"),
        ({"jump": "a lot"}, "Type a whole number of per cent"),
    ],
)
def test_what_cannot_be_set_is_said(finance: Client, tree: Tree, said: dict[str, str], sentence: str) -> None:
    answer = finance.post(reverse("months:notices", args=[tree.reseller.guid]), said)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert not Notice.objects.exists()


def test_a_quota_is_set_for_a_company_of_the_tree_alone(client: Client, tree: Tree) -> None:
    client.force_login(make_person("finance", tree.sub))
    form = {"company": tree.acme.guid, "edition": "", "most": "1"}
    assert client.post(reverse("months:quota", args=[tree.sub.guid]), form).status_code == 422
    assert client.post(reverse("months:quota", args=[tree.reseller.guid]), form).status_code == 404
    assert not Quota.objects.exists()
