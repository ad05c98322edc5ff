"""How forms look: Django's own rendering with Tabler's classes, and the few widgets that Django has not got.

`FORM_RENDERER = "portal.forms.PortalRenderer"`. In a page: `{{ form }}` for all of it, errors included, or
`{{ form.name.as_field_group }}` one by one under `{% include "components/form_errors.html" %}`.
A field may carry `prefix` or `suffix`: text joined to its input, as in `name @example.com`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting

_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "form-check-input"),
    (forms.RadioSelect, "form-check-input"),
    (forms.CheckboxSelectMultiple, "form-check-input"),
    (forms.Select, "form-select"),
)


class PortalBoundField(BoundField):
    """A field whose input carries the look, and says that it is wrong when it is."""

    def build_widget_attrs(
        self, attrs: Mapping[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        """Django's attributes, with the classes for this kind of input added to the widget's own."""
        widget = widget or self.field.widget
        built = dict(super().build_widget_attrs(dict(attrs), widget))
        if widget.is_hidden:
            return built
        classes = [
            str(widget.attrs.get("class", "")),
            widget_class(widget),
            "is-invalid" if self.errors else "",
        ]
        built["class"] = " ".join(filter(None, classes))
        return built


class PortalRenderer(TemplatesSetting):
    """Forms in the portal's look."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
    bound_field_class = PortalBoundField


def widget_class(widget: forms.Widget) -> str:
    """The class that Tabler wants on this kind of input."""
    return next((css for kind, css in _CLASSES if isinstance(widget, kind)), "form-control")


class SecretInput(forms.PasswordInput):
    """A password, never sent back; with a button that shows it and, on demand, one that makes a good one."""

    template_name = "forms/secret.html"

    def __init__(self, attrs: dict[str, Any] | None = None, *, generate: bool = False) -> None:
        super().__init__(
            {"autocomplete": "new-password", "spellcheck": "false", **(attrs or {})}, render_value=False
        )
        self.generate = generate

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Django's context, and whether to offer a generated password."""
        context = super().get_context(name, value, attrs)
        context["widget"]["generate"] = self.generate
        return context


@dataclass(frozen=True, slots=True)
class Card:
    """The label of a choice that needs more than a word; `code` is shown small, `badge` at the right."""

    title: str
    text: str = ""
    code: str = ""
    badge: str = ""
    icon: str = ""

    def __str__(self) -> str:
        return self.title


class CardRadioSelect(forms.RadioSelect):
    """One of several cards. Choices are `(value, Card(…))` or `(value, "text")`."""

    template_name = "forms/cards.html"
