"""What the 2018 guide documents and where each call of it lives: docs/api-coverage.md is made of this table."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.operations import OPERATIONS

_ENGINE = "tests/integration/engine/"
_JOURNEY = f"{_ENGINE}test_journey.py::test_a_customers_first_mailbox_goes_from_nothing_to_active"
_STANDALONE = f"{_ENGINE}test_journey.py::test_a_domain_that_stands_alone_is_linked_filled_in_and_provisioned"
_ENDING = f"{_ENGINE}test_ending_and_changing.py::"
_BATCHES = f"{_ENGINE}test_batches.py::"
_EVERY_STATE = (
    f"{_ENGINE}test_offered_and_allowed.py::test_what_the_table_offers_is_what_the_legacy_sandbox_allows"
)


@dataclass(frozen=True)
class Row:
    """One documented call: the client's method, what of the operations table asks for it ("" for what is only read),
    the page's route, a test, and the sandbox's rule."""

    call: str
    method: str
    operation: str
    page: str
    test: str
    rule: str


TABLE = (
    Row("POST /ous/{reseller}/companies.json", "ous.create_company", "ou.create_company", "ous:new", _JOURNEY,
        "ous.create_company"),
    Row("POST /ous/{reseller}/subresellers.json", "ous.create_subreseller", "ou.create_subreseller",
        "ous:new_subreseller", _EVERY_STATE, "ous.create_subreseller"),
    Row("GET /ous/{ou}.json", "ous.get", "", "ous:detail", _JOURNEY, "ous.get"),
    Row("DELETE /ous/{ou}.json", "ous.delete", "ou.delete", "ous:delete",
        f"{_BATCHES}test_a_teardown_goes_from_the_mailboxes_to_the_company", "ous.delete"),
    Row("OPTIONS /ous/{company}/packages.json", "packages.catalogue", "", "packages:new",
        f"{_ENGINE}test_readings.py", "packages.catalogue"),
    Row("POST /ous/{company}/packages.json", "packages.create", "package.create", "packages:new", _JOURNEY,
        "packages.create"),
    Row("GET /packages/{package}.json", "packages.get", "", "packages:detail", _JOURNEY, "packages.get"),
    Row("POST /packages/{package}/actions.json (Provision)", "packages.act", "package.provision", "packages:do",
        _EVERY_STATE, "packages.act"),
    Row("POST /packages/{package}/actions.json (Close)", "packages.act", "package.close", "packages:do",
        f"{_ENDING}test_a_package_waits_for_what_is_under_way_on_its_domains", "packages.act"),
    Row("POST /packages/{package}/actions.json (Activate)", "packages.act", "package.activate", "packages:do",
        _EVERY_STATE, "packages.act"),
    Row("DELETE /packages/{package}.json", "packages.delete", "package.delete", "packages:delete",
        f"{_BATCHES}test_a_teardown_goes_from_the_mailboxes_to_the_company", "packages.delete"),
    Row("POST /ous/{company}/domains.json", "domains.create", "domain.create", "domains:new", _STANDALONE,
        "domains.create"),
    Row("LINK /packages/{package}/domains/{domain}.json", "packages.link", "domain.link", "domains:link", _STANDALONE,
        "packages.link"),
    Row("POST /packages/{package}/domains.json", "packages.create_domain", "domain.create_in_package", "domains:new",
        _JOURNEY, "domains.create_under_package"),
    Row("GET /domains/{domain}.json", "domains.get", "", "domains:detail", _STANDALONE, "domains.get"),
    Row("PATCH /domains/{domain}/servicefields.json", "domains.update_fields", "domain.fields", "domains:fields",
        _STANDALONE, "domains.patch_fields"),
    Row("POST /domains/{domain}/actions.json (Provision)", "domains.act", "domain.provision", "domains:provision",
        _JOURNEY, "domains.act"),
    Row("POST /domains/{domain}/actions.json (Close)", "domains.act", "domain.close", "domains:do", _EVERY_STATE,
        "domains.act"),
    Row("POST /domains/{domain}/actions.json (Activate)", "domains.act", "domain.activate", "domains:do", _EVERY_STATE,
        "domains.act"),
    Row("POST /domains/{domain}/actions.json (Delete)", "domains.act", "domain.delete", "domains:delete",
        f"{_BATCHES}test_a_teardown_goes_from_the_mailboxes_to_the_company", "domains.act"),
    Row("POST /domains/{domain}/actions.json (Usage)", "domains.act", "domain.usage", "domains:do", _EVERY_STATE,
        "domains.act"),
    Row("GET /domains/{domain}/actions/{action}", "actions.poll", "", "activity:detail", _JOURNEY, "actions.show"),
    Row("DELETE /domains/{domain}.json", "domains.delete", "domain.remove", "domains:delete",
        f"{_ENDING}test_what_hangs_on_a_domain_goes_with_its_record", "domains.delete"),
    Row("POST /domains/{domain}/mailboxes.json", "mailboxes.create", "mailbox.create", "mailboxes:new", _JOURNEY,
        "mailboxes.create"),
    Row("GET /mailboxes/{mailbox}.json", "mailboxes.get", "", "mailboxes:detail", _JOURNEY, "mailboxes.get"),
    Row("PATCH /mailboxes/{mailbox}.json", "mailboxes.update", "mailbox.update", "mailboxes:edit",
        f"{_ENDING}test_a_change_ends_in_a_true_mirror", "mailboxes.patch"),
    Row("PATCH /mailboxes/{mailbox}/packages/{package}/edition.json", "mailboxes.change_edition",
        "mailbox.change_edition", "mailboxes:edition",
        f"{_ENDING}test_an_edition_that_the_answer_does_not_show_is_known_all_the_same", "mailboxes.patch_edition"),
    Row("POST /mailboxes/{mailbox}/actions.json (Provision)", "mailboxes.act", "mailbox.provision", "mailboxes:do",
        _EVERY_STATE, "mailboxes.act"),
    Row("POST /mailboxes/{mailbox}/actions.json (Suspend)", "mailboxes.act", "mailbox.suspend", "mailboxes:do",
        _JOURNEY, "mailboxes.act"),
    Row("POST /mailboxes/{mailbox}/actions.json (Close)", "mailboxes.act", "mailbox.close", "mailboxes:do",
        _EVERY_STATE, "mailboxes.act"),
    Row("POST /mailboxes/{mailbox}/actions.json (Activate)", "mailboxes.act", "mailbox.activate", "mailboxes:do",
        _EVERY_STATE, "mailboxes.act"),
    Row("POST /mailboxes/{mailbox}/actions.json (Unlock)", "mailboxes.act", "mailbox.unlock", "mailboxes:unlock",
        f"{_BATCHES}test_an_unlock_sends_the_password_first_and_keeps_it_nowhere", "mailboxes.act"),
    Row("DELETE /mailboxes/{mailbox}.json", "mailboxes.delete", "mailbox.delete", "mailboxes:delete",
        f"{_ENDING}test_a_mailbox_in_service_is_gone_when_its_action_is", "mailboxes.delete"),
)  # fmt: skip

# What the current documents add, as far as it is built.
CURRENT = (
    Row("POST /domains/{domain}/actions.json (Refresh)", "domains.act", "domain.refresh", "domains:do",
        "tests/integration/domains/test_applying_changes.py::test_changed_fields_take_effect_by_the_button", "domains.act"),
    Row("GET /domains/{domain}/usage.json", "usage.detailed", "", "domains:detail",
        "tests/integration/usage/test_collecting.py::test_the_current_generation_tells_what_is_behind_a_count",
        "usage.detailed"),
)  # fmt: skip

# Documented, and on no page yet.
MISSING: dict[str, str] = {}

_HEAD = """# The calls of the 2018 guide, and where each lives

Made by `python manage.py api_coverage`; a test compares it with the table and looks up everything that it names.

"""
_COLUMNS = ("| call | client | operation | page | test | sandbox |", "| --- | --- | --- | --- | --- | --- |")


def as_markdown() -> str:
    """docs/api-coverage.md."""
    lines = [_line(row) for row in TABLE]
    missing = ["", "Not on a page yet:", "", *(f"- `{call}`: {why}." for call, why in MISSING.items())]
    current = ["", "What the current documents add, so far:", "", *_COLUMNS, *map(_line, CURRENT)]
    return _HEAD + "\n".join([*_COLUMNS, *lines, *(missing if MISSING else []), *current]) + "\n"


def _line(row: Row) -> str:
    operation = f"`{row.operation}` ({OPERATIONS[row.operation].label})" if row.operation else "read"
    cells = (f"`{row.call}`", f"`{row.method}`", operation, f"`{row.page}`", f"`{row.test}`", f"`{row.rule}`")
    return f"| {' | '.join(cells)} |"
