"""The catalogue, packages, links, package actions."""

from typing import Any

import pytest

from tests.unit.sandbox.driver import Driver


def create(sandbox: Driver, package: Any) -> Any:
    return sandbox.post(f"ous/{sandbox.company()}/packages.json", {"package": package})


def codes(*names: str) -> list[dict[str, str]]:
    return [{"code": name} for name in names]


def test_the_catalogue_names_all_products_with_several_editions(legacy: Driver) -> None:
    reply = legacy.call("OPTIONS", f"ous/{legacy.company()}/packages.json")
    names = {product["name"]: len(product["editions"]) for product in reply.json["packages"]}
    assert set(names) == {
        "CloudMail",
        "Securemail",
        "Branding",
        "Archive",
        "Continuity",
        "Mail Management Suite",
    }
    assert min(names.values()) >= 2


SHAPES = (
    "packages",
    "list",
    "keyed",
    "products",
    "packages-keyed",
    "embedded",
    "groups",
    "form",
    "form-flat",
)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_readable_shape_holds_all_codes(either: Driver, shape: str) -> None:
    company = either.company()
    whole = either.call("OPTIONS", f"ous/{company}/packages.json").json["packages"]
    assert either.control("catalogue-shape", shape=shape).status == 200
    text = either.call("OPTIONS", f"ous/{company}/packages.json").raw.decode()
    for product in whole:
        assert all(f'"{part["code"]}"' in text for part in [product, *product["editions"]])


def test_the_unreadable_shape_holds_no_code(legacy: Driver) -> None:
    legacy.control("catalogue-shape", shape="unreadable")
    assert b"SYN-" not in legacy.call("OPTIONS", f"ous/{legacy.company()}/packages.json").raw
    assert legacy.control("catalogue-shape", shape="round").status == 400


@pytest.mark.parametrize(
    ("package", "editions"),
    [
        ({"code": "SYN-CMS", "editions": []}, 4),
        ({"code": "SYN-CMS", "editions": codes("SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH")}, 2),
        ({"code": "SYN-PIN-SEC", "editions": codes("SYN-PIN-SEC-BOTH")}, 1),
        ({"code": "SYN-PIN-BRD", "editions": codes("SYN-PIN-BRD")}, 1),
        ({"code": "SYN-PIN-CON", "editions": codes("SYN-PIN-CON-STD", "SYN-PIN-CON-PREM")}, 2),
    ],
)
def test_packages_of_the_guide_are_created(legacy: Driver, package: Any, editions: int) -> None:
    reply = create(legacy, package)
    assert (reply.status, reply.headers[-1][0]) == (201, "location")
    shown = legacy.shown("package", reply.guid)
    assert (shown["code"], shown["state"], len(shown["editions"])) == (package["code"], "inactive", editions)


@pytest.mark.parametrize(
    "package",
    [
        {"code": "SYN-CMS"},
        {"code": "SYN-NEW", "editions": []},
        {"code": 5, "editions": []},
        {"code": "CLM-STD", "editions": []},
        {"code": "SYN-PIN-SEC", "editions": []},
        {"code": "SYN-PIN-CON", "editions": []},
        {"code": "SYN-PIN-SEC", "editions": codes("SYN-PIN-SEC-IN", "SYN-PIN-SEC-OUT")},
        {"code": "SYN-PIN-SEC", "editions": codes("SYN-PIN-BRD")},
        {"code": "SYN-CMS", "editions": codes("SYN-CMS-BASIC-02", "SYN-CMS-BASIC-02")},
        {"code": "SYN-CMS", "editions": ["SYN-CMS-BASIC-02"]},
        {"code": "SYN-CMS", "editions": [], "expect_migration": True},
        ["SYN-CMS"],
    ],
)
def test_packages_against_the_rules_are_refused(legacy: Driver, package: Any) -> None:
    reply = create(legacy, package)
    assert reply.status == 400
    assert reply.errors


def test_the_current_generation_takes_flags_and_no_editions(current: Driver) -> None:
    assert create(current, {"code": "CLM-STD", "expect_migration": True}).status == 201
    refused = create(current, {"code": "CLM-STD", "editions": []})
    assert refused.errors == ["editions: This field was not expected."]
    assert create(current, {"code": "CLM-STD", "expect_migration": "yes"}).status == 400


def test_packages_belong_to_companies(legacy: Driver) -> None:
    path = f"ous/{legacy.reseller}/packages.json"
    assert legacy.post(path, {"package": {"code": "SYN-CMS", "editions": []}}).status == 409
    assert legacy.call("OPTIONS", path).status == 409


def test_a_domain_is_linked_once(legacy: Driver) -> None:
    company = legacy.company()
    domain = legacy.post(f"ous/{company}/domains.json", {"domain": {"domain_name": "a.example"}}).guid
    path = f"packages/{legacy.cloudmail(company)}/domains/{domain}.json"
    linked = legacy.call("LINK", path)
    assert (linked.status, linked.raw) == (204, b"")
    assert legacy.call("LINK", path).status == 409


def test_a_link_joins_one_company_and_one_package_of_a_product(legacy: Driver) -> None:
    company = legacy.company()
    domain = legacy.domain(legacy.cloudmail(company))
    assert legacy.call("LINK", f"packages/{legacy.cloudmail(company)}/domains/{domain}.json").status == 409
    other = legacy.package(legacy.company(), "SYN-PIN-BRD", "SYN-PIN-BRD")
    assert legacy.call("LINK", f"packages/{other}/domains/{domain}.json").status == 409


def test_an_inactive_domain_is_unlinked_in_the_current_generation_only(
    legacy: Driver, current: Driver
) -> None:
    package = current.cloudmail()
    domain = current.domain(package)
    path = f"packages/{package}/domains/{domain}.json"
    assert current.call("UNLINK", path).status == 204
    assert current.call("UNLINK", path).status == 404
    current.call("LINK", path)
    current.fill_fields(domain)
    current.done(f"domains/{domain}", "Provision")
    assert current.call("UNLINK", path).status == 409
    package = legacy.cloudmail()
    assert legacy.call("UNLINK", f"packages/{package}/domains/{legacy.domain(package)}.json").status == 405


def test_a_package_action_works_on_all_its_domains(legacy: Driver) -> None:
    package = legacy.cloudmail()
    domains = [legacy.domain(package, f"{letter}.example") for letter in "ab"]
    assert legacy.done(f"packages/{package}", "Provision")["state"] == "finished"
    assert [legacy.state("domain", domain) for domain in domains] == ["active", "active"]
    legacy.done(f"packages/{package}", "Close")
    assert [legacy.state("domain", domain) for domain in domains] == ["closed", "closed"]
    assert legacy.state("package", package) == "closed"
    legacy.done(f"packages/{package}", "Activate")
    assert legacy.state("package", package) == "active"


def test_a_package_action_keeps_its_domains_busy(legacy: Driver) -> None:
    package = legacy.cloudmail()
    domain = legacy.domain(package)
    location = legacy.act(f"packages/{package}", "Provision").location
    assert location.startswith(f"/api/v1/packages/{package}/actions/")
    assert legacy.state("package", package) == legacy.state("domain", domain) == "pending"
    assert legacy.act(f"domains/{domain}", "Provision").status == 409
    assert legacy.delete(f"packages/{package}.json").status == 409


def test_a_package_action_fails_for_domains_that_lack_fields(legacy: Driver) -> None:
    package = legacy.package(legacy.company(), "SYN-PIN-SEC", "SYN-PIN-SEC-IN")
    domain = legacy.domain(package)
    ended = legacy.done(f"packages/{package}", "Provision")
    assert ended["errors"] == ["mail_delivery_location: This value should not be blank."]
    assert legacy.state("domain", domain) == legacy.state("package", package) == "error"


def test_actions_that_a_package_does_not_have_are_refused(legacy: Driver, current: Driver) -> None:
    package = legacy.cloudmail()
    assert legacy.act(f"packages/{package}", "Suspend").status == 400
    assert legacy.act(f"packages/{package}", "Provision").status == 409  # it has no domain
    assert current.act(f"packages/{current.cloudmail()}", "provision").status == 400


def test_a_package_is_cancelled_in_the_current_generation(current: Driver) -> None:
    package = current.cloudmail()
    current.live_domain(package)
    assert current.done(f"packages/{package}", "Suspend")["state"] == "finished"
    assert current.state("package", package) == "suspended"
    current.done(f"packages/{package}", "Cancel")
    assert current.state("package", package) == "cancelled"
    assert current.act(f"packages/{package}", "Activate").status == 409


def test_a_package_is_deleted_when_its_domains_are(legacy: Driver) -> None:
    package = legacy.cloudmail()
    assert legacy.delete(f"packages/{legacy.cloudmail()}.json").status == 204
    domain = legacy.live_domain(package)
    assert legacy.delete(f"packages/{package}.json").status == 409
    legacy.done(f"domains/{domain}", "Delete")
    assert legacy.state("package", package) == "deleted"
    assert legacy.delete(f"packages/{package}.json").status == 204
    assert legacy.get(f"packages/{package}.json").status == 404
    assert legacy.state("domain", domain) == "deleted"
