"""A file of mailboxes: given, checked, mended in place, run once; and its failed rows imported again."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from provisioning import secrets
from provisioning.models import OU, Action, AuditEntry, Batch, Domain, Event, Import, Step
from provisioning.services import mailboxes
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

START = "/mailboxes/import/"
HEAD = "Email,First name,Last name,Password,Edition,Activate\n"
PASSWORD = "Sample-123$-secret"


@pytest.fixture
def domain(acme: OU) -> Domain:
    return make_domain(acme, "acme.example", make_package(acme))


def give(client: Client, rows: str, **data: Any) -> Any:
    """Paste rows below the template's headings."""
    return client.post(START, {"submission": str(uuid.uuid4()), "text": HEAD + rows, **data})


def checked(client: Client, rows: str) -> tuple[str, Any]:
    """The address of the check page, and the page."""
    answer = give(client, rows)
    assert answer.status_code == 303, answer.context["form"].errors
    return answer["Location"], client.get(answer["Location"])


def errors_of(page: Any) -> dict[str, str]:
    """Of the first row to be mended, by column."""
    return dict(page.context["to_mend"][0]["row"].errors)


def run(client: Client, url: str) -> Any:
    return client.post(url, {"do": "run"})


def rows_of(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_pasted_rows_become_mailboxes(client: Client, domain: Domain, support: Any) -> None:
    url, page = checked(
        client,
        f"ann@acme.example,Ann,Smith,{PASSWORD},SYN-CMS-BASIC-02,yes\nBen@ACME.example,,Jones,{PASSWORD},,no\n",
    )
    assert (page.context["sound"], page.context["wrong"], page.context["billed"]) == (2, 0, 1)
    answer = run(client, url)
    batch = Batch.objects.get()
    assert answer["Location"] == reverse("batches:detail", args=[batch.pk])
    ann, ben = Action.objects.order_by("id")
    assert ann.payload == {
        "email_local": "ann",
        "first_name": "Ann",
        "last_name": "Smith",
        "package_edition_code": "SYN-CMS-BASIC-02",
        "provision_immediately": True,
    }
    assert (ben.title, ben.payload) == ("Ben@acme.example", {"email_local": "Ben", "last_name": "Jones"})
    assert secrets.unseal(ann.sealed) == {"password": PASSWORD}
    assert (batch.kind, batch.by, batch.title) == ("import", support, "Import of 2 mailboxes")
    assert client.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_file_as_a_spreadsheet_saves_it(
    client: Client, domain: Domain, support: Any, encoding: str
) -> None:
    text = 'sep=;\r\n"E-mail";Surname;"First name";Notes\r\nann@acme.example;"Müller; née Kö";Zoë;x\r\n\r\n'
    file = SimpleUploadedFile("list.csv", text.encode(encoding))
    answer = client.post(START, {"submission": str(uuid.uuid4()), "file": file})
    page = client.get(answer["Location"])
    assert page.context["wrong"] == 0
    row = page.context["shown"][0]
    assert (row.address, row.clean["last_name"], row.clean["first_name"]) == (
        "ann@acme.example",
        "Müller; née Kö",
        "Zoë",
    )
    assert row.row.number == 3


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (",Ann,Smith,,,", "email", "Type the whole address"),
        ("ann,Ann,Smith,,,", "email", "no whole address"),
        ("ann@nowhere.example,Ann,Smith,,,", "email", "There is no domain nowhere.example here"),
        ("ann@closed.example,Ann,Smith,,,", "email", "closed"),
        ("an n@acme.example,Ann,Smith,,,", "email", "no blanks"),
        (".ann@acme.example,Ann,Smith,,,", "email", "A dot stands between"),
        ("there@acme.example,Ann,Smith,,,", "email", "It exists already."),
        ("THERE@acme.example,Ann,Smith,,,", "email", "It exists already."),
        ("coming@acme.example,Ann,Smith,,,", "email", "It is being made already."),
        ("ann@acme.example,Ann,,,,", "last_name", "Type the last name"),
        (f"ann@acme.example,{'x' * 201},Smith,,,", "first_name", "at most 200"),
        ("ann@acme.example,Ann,Smith,short,,", "password", "at least 8"),
        ("ann@acme.example,Ann,Smith,,SYN-OTHER,", "edition", "Use one of these: SYN-CMS-BASIC-02."),
        ("ann@acme.example,Ann,Smith,,,perhaps", "activate", "yes or no"),
        ("ann@acme.example,Ann,Smith,,,yes,more", "", "more cells in this row"),
    ],
)
def test_what_is_wrong_is_said_at_its_column(
    client: Client, acme: OU, domain: Domain, support: Any, row: str, column: str, words: str
) -> None:
    make_mailbox(domain, "there")
    make_domain(acme, "closed.example", state="closed")
    details = {"email_local": "Coming", "last_name": "X"}
    mailboxes.create_mailbox(
        domain, by=support, details=details, password=PASSWORD, at_once=False, submission=uuid.uuid4()
    )
    url, page = checked(client, row)
    assert words in errors_of(page)[column]
    assert words in page.content.decode()
    assert run(client, url)["Location"] == url
    assert not Batch.objects.exists()


def test_the_same_address_twice_in_the_file(client: Client, domain: Domain, support: Any) -> None:
    _, page = checked(client, "ann@acme.example,,A,,,\nANN@acme.example,,B,,,\n")
    assert page.context["wrong"] == 1
    assert errors_of(page) == {"email": "The same address stands in row 2."}


def test_a_domain_out_of_scope_is_told_in_the_words_of_one_that_is_unknown(
    client: Client, root: OU, acme: OU
) -> None:
    make_domain(make_ou(parent=root), "other.example")
    client.force_login(make_person("company_admin", acme))
    _, page = checked(client, "a@other.example,,A,,,\na@unknown.example,,A,,,\n")
    told = [
        one["row"].errors["email"].replace("other", "…").replace("unknown", "…")
        for one in page.context["to_mend"]
    ]
    assert told[0] == told[1]


def test_rows_are_mended_in_place_and_left_out(client: Client, domain: Domain, support: Any) -> None:
    url, _ = checked(
        client,
        f"ann acme.example,Ann,Smith,{PASSWORD},,\nben@acme.example,,,tiny,,\n"
        "cat@nowhere.example,,C,,,\ndan@acme.example,,D,,,\n",
    )
    typed = {
        "do": "mend",
        "r2-email": "ann@acme.example",
        "r2-first_name": "Ann",
        "r2-last_name": "Smith",
        "r2-password": "",
        "r3-email": "ben@acme.example",
        "r3-last_name": "Jones",
        "r3-password": "",
        "r4-leave": "1",
    }
    assert client.post(url, typed)["Location"] == url
    page = client.get(url)
    assert (page.context["wrong"], page.context["sound"], page.context["made"]) == (0, 3, 2)
    run(client, url)
    sealed = {action.title: secrets.unseal(action.sealed)["password"] for action in Action.objects.all()}
    assert list(sealed) == ["ann@acme.example", "ben@acme.example", "dan@acme.example"]
    assert sealed["ann@acme.example"] == PASSWORD  # it was good, and stays though it is not shown
    assert len(sealed["ben@acme.example"]) == 16  # it was bad, and one is made


def test_all_that_are_wrong_are_left_out_at_once_and_a_sound_row_is_opened(
    client: Client, domain: Domain, support: Any
) -> None:
    url, _ = checked(client, "ann@acme.example,,A,,,\nx,,B,,,\ny,,C,,,\n")
    client.post(url, {"do": "leave_wrong"})
    page = client.get(url, {"row": "2"})
    assert (page.context["wrong"], page.context["sound"]) == (0, 1)
    assert [one["row"].row.number for one in page.context["to_mend"]] == [2]


def test_made_passwords_are_fetched_once_and_stand_nowhere_else(
    client: Client, domain: Domain, support: Any
) -> None:
    url, page = checked(client, f"ann@acme.example,,A,,,no\nben@acme.example,,B,{PASSWORD},,no\n")
    assert PASSWORD not in page.content.decode()
    assert run(client, url)["Location"] == url
    body = client.get(url).content.decode()
    assert "Fetch the passwords" in body
    passwords = reverse("mailboxes:import_passwords", args=[Import.objects.get().pk])
    assert client.get(passwords).status_code == 405
    heading, row = rows_of(client.post(passwords))
    made = secrets.unseal(Action.objects.get(title="ann@acme.example").sealed)["password"]
    assert (heading, row) == (["Email", "Password"], ["ann@acme.example", made])
    again = client.post(passwords)
    assert again.status_code == 303
    assert "not kept any more" in client.get(again["Location"]).content.decode()
    draft = Import.objects.get()
    assert (draft.sealed, draft.issued) == ("", "")
    everything = [
        *Step.objects.values_list("payload", "sealed", "words"), *Action.objects.values_list("payload", "words"),
        *Event.objects.values_list("text", "data"), *AuditEntry.objects.values_list("text", "old", "new"),
    ]  # fmt: skip
    assert made not in str(everything)
    assert PASSWORD not in str(everything)
    assert AuditEntry.objects.filter(kind="secret_seen", by=support).count() == 1


def test_what_is_kept_of_a_file_is_sealed_and_wiped_when_it_is_given_up(
    client: Client, domain: Domain, support: Any
) -> None:
    url, _ = checked(client, f"ann@acme.example,,A,{PASSWORD},,\n")
    kept = Import.objects.get()
    assert PASSWORD not in kept.sealed
    assert "ann@acme.example" not in kept.sealed
    client.post(url, {"do": "forget"})
    assert Import.objects.get().sealed == ""
    assert client.get(url)["Location"] == START


def test_it_is_run_once_however_often_it_is_pressed(client: Client, domain: Domain, support: Any) -> None:
    url, _ = checked(client, "ann@acme.example,,A,,,\n")
    assert {run(client, url)["Location"] for _ in range(3)} == {url}
    assert (Batch.objects.count(), Action.objects.count()) == (1, 1)
    client.post(url, {"do": "mend", "r2-email": "b@acme.example"})
    assert Import.objects.get().sealed == ""


def test_the_file_sent_twice_is_one_import(client: Client, domain: Domain, support: Any) -> None:
    mark = str(uuid.uuid4())
    first, second = (give(client, "ann@acme.example,,A,,,\n", submission=mark) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Import.objects.count() == 1


def test_nobody_else_reaches_it(client: Client, root: OU, acme: OU, domain: Domain, support: Any) -> None:
    url, _ = checked(client, "ann@acme.example,,A,,,\n")
    client.force_login(make_person("owner", root))
    assert client.get(url).status_code == 404
    assert run(client, url).status_code == 404
    assert client.post(f"{url}passwords/").status_code == 404
    for role in ("company_helpdesk", "auditor", "finance", "support_nobill"):
        client.force_login(make_person(role, root))
        assert client.get(START).status_code == 404


def test_who_lost_the_right_meanwhile_makes_nothing(
    client: Client, root: OU, domain: Domain, support: Any
) -> None:
    url, _ = checked(client, "ann@acme.example,,A,,,\n")
    support.memberships.update(role="support_nobill")
    run(client, url)
    assert not Action.objects.exists()
    assert "There is no domain acme.example here" in client.get(url).content.decode()


def test_a_company_s_admin_imports_on_their_own_domains_without_choosing_editions(
    client: Client, acme: OU, domain: Domain
) -> None:
    client.force_login(make_person("company_admin", acme))
    _, page = checked(client, "ann@acme.example,,A,,SYN-CMS-BASIC-02,\n")
    assert errors_of(page) == {"edition": "You do not choose editions here: leave it empty."}
    url, _ = checked(client, "ann@acme.example,,A,,,\n")
    run(client, url)
    batch = Batch.objects.get()
    assert batch.ou == acme
    assert client.get(f"/batches/{batch.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({}, "__all__", "Choose a file, or paste the rows."),
        ({"text": "Name,Password\nx,y\n"}, "text", "No column is called Email."),
        ({"text": "Email,Password\na@b.c,y\n"}, "text", "Email"),
        ({"text": HEAD}, "text", "There is no row below the headings."),
        ({"text": "Email,Email,Last name\na@b.c,,\n"}, "text", "Two columns are called Email"),
        ({"text": HEAD + "a@b.c,,x,,,\n" * 2001}, "text", "2,000 is the most at once"),
        ({"text": "x" * 1_048_577}, "text", "more than 1 MB"),
        ({"file": b"PK\x03\x04rest"}, "file", "This is a workbook."),
        ({"file": b"Email,Last name\n\x00,\n"}, "file", "This is not a text file."),
        ({"file": b"x" * 1_048_577}, "file", "larger than 1 MB"),
        ({"file": b"x@y", "text": "x@y"}, "__all__", "one of the two"),
        ({"text": 'Email,Last name\na@b.c,"' + "x" * 140_000}, "text", "A quotation mark is opened"),
    ],
)
def test_what_cannot_be_read_as_a_whole_is_said_at_once(
    client: Client, support: Any, data: dict[str, Any], field: str, words: str
) -> None:
    sent = {
        name: SimpleUploadedFile("x.csv", value) if name == "file" else value for name, value in data.items()
    }
    answer = client.post(START, {"submission": str(uuid.uuid4()), **sent})
    assert answer.status_code == 422
    assert words in " ".join(answer.context["form"].errors[field])
    assert not Import.objects.exists()


def test_hostile_cells_are_escaped(client: Client, domain: Domain, support: Any) -> None:
    _, page = checked(client, '"""><script>x@acme.example",<img>,<b>,,<i>,\nok@acme.example,<u>,<s>,,,\n')
    body = page.content.decode()
    for hostile in ("<script>x", "<img>", "<b>", "<i>", "<u>", "<s>"):
        assert hostile not in body


def test_the_failed_rows_come_as_a_file_that_can_be_imported_again(
    client: Client, domain: Domain, support: Any
) -> None:
    url, _ = checked(
        client, f"ann@acme.example,=1+1,Smith,{PASSWORD},,\nben@acme.example,,Jones,{PASSWORD},,no\n"
    )
    run(client, url)
    batch = Batch.objects.get()
    failed = Action.objects.get(title="ann@acme.example")
    Action.objects.filter(pk=failed.pk).update(
        state="failed", ended_at=failed.asked_at, sealed="", words="=cmd() refused", errors=[]
    )
    answer = client.get(reverse("mailboxes:failed", args=[batch.pk]))
    heading, row = rows_of(answer)
    assert heading[-1] == "Problem"
    assert row == ["ann@acme.example", "'=1+1", "Smith", "", "", "yes", "'=cmd() refused"]
    text = "\n".join(",".join(f'"{cell}"' for cell in line) for line in (heading, row))
    again = client.post(START, {"submission": str(uuid.uuid4()), "text": text})
    page = client.get(again["Location"])
    assert (page.context["sound"], page.context["wrong"]) == (1, 0)
    assert page.context["shown"][0].clean["first_name"] == "=1+1"
    client.force_login(make_person("company_admin", make_ou(parent=domain.ou.parent)))
    assert client.get(reverse("mailboxes:failed", args=[batch.pk])).status_code == 404


@pytest.mark.parametrize("samples", ["", "?samples=1"])
def test_the_template_can_be_read_back(client: Client, domain: Domain, support: Any, samples: str) -> None:
    heading, *rows = rows_of(client.get(f"{START}template/{samples}"))
    assert heading == HEAD.strip().split(",")
    assert len(rows) == (2 if samples else 0)


def test_a_thousand_rows_cost_as_many_queries_as_ten(client: Client, domain: Domain, support: Any) -> None:
    def cost(number: int) -> int:
        answer = give(client, "".join(f"m{n}@acme.example,,X,,,\n" for n in range(number)))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(answer["Location"]).context["sound"] == number
        return len(queries)

    few = cost(10)
    assert cost(1000) == few
