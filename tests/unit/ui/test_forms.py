"""Forms as the portal draws them."""

from __future__ import annotations

import re

from django import forms

from portal.forms import Card, CardRadioSelect, PortalRenderer, SecretInput


class Sample(forms.Form):
    default_renderer = PortalRenderer()

    name = forms.CharField(
        help_text="As on the <b>letterhead</b>.", widget=forms.TextInput(attrs={"class": "wide"})
    )
    edition = forms.ChoiceField(choices=[("a", "Basic"), ("b", "Premium")])
    password = forms.CharField(widget=SecretInput(generate=True))
    at_once = forms.BooleanField(required=False)
    kind = forms.ChoiceField(widget=forms.RadioSelect, choices=[("x", "One"), ("y", "Two")])
    package = forms.ChoiceField(
        widget=CardRadioSelect,
        choices=[("p", Card("CloudMail", "Hosted mail", "SYN-CMS")), ("q", "<i>Other</i>")],
    )
    mark = forms.CharField(widget=forms.HiddenInput)


def tag_of(html: str, ident: str) -> str:
    found = re.search(rf'<[^>]*id="{ident}"[^>]*>', html)
    assert found is not None, ident
    return found[0]


def test_inputs_carry_the_class_of_their_kind_beside_their_own() -> None:
    html = str(Sample())
    assert 'class="wide form-control"' in tag_of(html, "id_name")
    assert 'class="form-select"' in tag_of(html, "id_edition")
    assert 'class="form-check-input"' in tag_of(html, "id_at_once")
    assert 'class="form-check-input"' in tag_of(html, "id_kind_0")
    assert "class" not in tag_of(html, "id_mark")


def test_each_input_has_its_label() -> None:
    html = str(Sample())
    for ident in ("id_name", "id_edition", "id_password", "id_at_once", "id_kind_0", "id_package_1"):
        assert f'for="{ident}"' in html


def test_a_group_of_choices_is_a_fieldset_with_a_legend() -> None:
    html = str(Sample()["kind"].as_field_group())
    assert "<fieldset" in html
    assert re.search(r"<legend[^>]*>Kind</legend>", html)


def test_help_is_escaped_and_tied_to_its_input() -> None:
    html = str(Sample())
    assert "As on the &lt;b&gt;letterhead&lt;/b&gt;." in html
    assert 'aria-describedby="id_name_helptext"' in tag_of(html, "id_name")
    assert tag_of(html, "id_name_helptext")


def test_a_form_that_was_not_accepted_says_so_at_the_top_with_links_to_its_fields() -> None:
    html = str(Sample({"name": "", "edition": "<z>", "mark": ""}))
    top = html[: html.index('for="id_name"')]
    assert 'role="alert"' in top
    assert 'href="#id_name"' in top
    assert "This field is required." in top
    assert "<z>" not in html


def test_a_field_in_error_is_marked_for_eyes_and_for_assistive_technology() -> None:
    field = tag_of(str(Sample({"name": ""})), "id_name")
    assert "is-invalid" in field
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_name_helptext id_name_error"' in field


def test_an_error_that_belongs_to_no_field_stands_at_the_top() -> None:
    form = Sample({"name": "x"})
    form.add_error(None, "SYNAQ refused: <b>quota</b>")
    assert "SYNAQ refused: &lt;b&gt;quota&lt;/b&gt;" in str(form)


def test_a_fresh_form_shows_no_error() -> None:
    html = str(Sample())
    assert "alert" not in html
    assert "is-invalid" not in html


def test_what_was_typed_is_kept_and_a_password_is_not_sent_back() -> None:
    html = str(Sample({"name": "Ann & Co", "password": "s3cret!", "edition": "b", "kind": "y"}))
    assert 'value="Ann &amp; Co"' in html
    assert "s3cret!" not in html
    assert re.search(r'value="b"\s+selected', html)
    assert "checked" in tag_of(html, "id_kind_1")


def test_a_password_can_be_shown_and_made() -> None:
    html = str(Sample()["password"])
    assert 'type="password"' in html
    assert 'autocomplete="new-password"' in html
    assert 'data-show="#id_password"' in html
    assert 'data-generate="#id_password"' in html
    assert "data-generate" not in SecretInput().render("p", None, {"id": "p"}, PortalRenderer())


def test_a_card_shows_what_stands_behind_a_choice() -> None:
    html = str(Sample()["package"])
    assert "CloudMail" in html
    assert "Hosted mail" in html
    assert "SYN-CMS" in html
    assert "&lt;i&gt;Other&lt;/i&gt;" in html


def test_text_can_be_joined_to_an_input() -> None:
    form = Sample()
    form.fields["name"].suffix = "@<acme>.example"  # type: ignore[attr-defined]
    assert "@&lt;acme&gt;.example</span>" in str(form["name"].as_field_group())
