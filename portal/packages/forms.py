from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict

from portal.forms import Card, CardRadioSelect
from portal.packages import products
from portal.packages.products import Priced
from portal.submissions import SubmissionForm
from portal.typed import LineField
from provisioning.synaq.catalogue import Product, family_of

_PLANS = frozenset({"securemail", "branding", "archive"})
_BETWEEN = re.compile(r"[\s,;]+")
_MOST_EDITIONS = 50


class PackageForm(SubmissionForm):
    """A new package, chosen from the catalogue. On a legacy connection editions are chosen with it."""

    wire_names: ClassVar[dict[str, str]] = {"code": "product"}

    product = forms.ChoiceField(
        label="Product",
        widget=CardRadioSelect,
        error_messages={
            "required": "Choose a product.",
            "invalid_choice": "SYNAQ does not offer that product any more. Choose another.",
        },
    )
    editions = forms.Field(label="Editions", required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        offered: Collection[Product],
        legacy: bool,
        has: Collection[str] = (),
        priced: Priced | None = None,
        **kwargs: Any,
    ) -> None:
        """`priced`: what one more of an edition costs, for those who may see that."""
        super().__init__(*args, **kwargs)
        self.priced = priced
        self.products = {product.code: product for product in offered}
        self.legacy, self.has = legacy, has
        field = self.fields["product"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (product.code, Card(product.name, self._text(product), product.code))
            for product in self.products.values()
        ]

    def without_errors(self) -> PackageForm:
        """What was typed, to be gone over once more: nothing is wrong with it yet."""
        self._errors = ErrorDict()
        self.cleaned_data = {}
        return self

    def clean(self) -> dict[str, Any]:
        """The chosen product's editions, as many as it takes."""
        cleaned = super().clean() or self.cleaned_data
        product = self.products.get(cleaned.get("product", ""))
        cleaned["editions"] = []
        if product is None or not self.legacy:
            return cleaned
        chosen = self._chosen(product.code)
        wrong = _why_not(product, chosen)
        if wrong:
            self.add_error("editions", wrong)
        else:
            cleaned["editions"] = chosen
        return cleaned

    @property
    def chosen(self) -> Product:
        """The product that was chosen."""
        return self.products[self.cleaned_data["product"]]

    def choices(self) -> list[dict[str, Any]]:
        """For components/product_choices.html."""
        return [self._choice(product) for product in self.products.values()]

    def _chosen(self, code: str) -> list[str]:
        """The editions ticked under a product, each once."""
        name = f"edition-{code}"
        values = self.data.getlist(name) if hasattr(self.data, "getlist") else self.data.get(name, [])
        return list(dict.fromkeys(str(value) for value in values))

    def _choice(self, product: Product) -> dict[str, Any]:
        checked = self["product"].value() == product.code
        chosen = self._chosen(product.code) if self.is_bound else products.obvious(product)
        many = product.kind == "mailbox"
        errors: list[Any] = list(self.errors.get("editions", [])) if checked else []
        return {
            "value": product.code,
            "title": product.name,
            "text": self._text(product),
            "code": product.code,
            "checked": checked,
            "many": many,
            "note": products.note(product),
            "error": " ".join(str(error) for error in errors),
            "editions": [
                products.edition_choice(edition, edition.code in chosen, self.priced)
                for edition in product.editions
            ],
        }

    def _text(self, product: Product) -> str:
        text = products.family_text(product.code, product.name)
        had = "This company has one already." if product.code in self.has else ""
        return ". ".join(filter(None, (text, had, "" if self.legacy else self._prices(product))))

    def _prices(self, product: Product) -> str:
        """Of editions that are not chosen one by one."""
        if self.priced is None or not product.editions:
            return ""
        each = [f"{edition.name} {self.priced(edition.code)}" for edition in product.editions]
        return f"One more costs: {'; '.join(each)}"


def _why_not(product: Product, chosen: list[str]) -> str:
    """Why the product cannot be sold with these editions (contract, calls of the 2018 guide); "" if it can."""
    offered = {edition.code for edition in product.editions}
    gone = [code for code in chosen if code not in offered]
    if gone:
        return f"{', '.join(gone)[:200]} is not offered with {product.name}. Choose among those shown."
    if not chosen and product.may_take_none:
        return ""
    if not offered:
        return f"The catalogue names no edition of {product.name}. Type the codes by hand instead."
    if product.kind == "plan" and len(chosen) != 1:
        return f"{product.name} takes exactly one edition. Choose one."
    return "" if chosen else f"Choose at least one edition of {product.name}."


class TypedPackageForm(SubmissionForm):
    """A new package by its codes, for when the catalogue cannot be read or lacks something."""

    wire_names: ClassVar[dict[str, str]] = {}

    code = LineField(
        label="Product code",
        max_length=100,
        error_messages={"required": "Type the product’s code, such as SYN-CMS."},
        help_text="As SYNAQ spells it, such as SYN-CMS.",
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    editions = LineField(
        label="Edition codes",
        max_length=2000,
        required=False,
        help_text="One or more, with commas between them. Only CloudMail may have none: that means its default ones.",
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, legacy: bool, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "id_typed_%s")
        super().__init__(*args, **kwargs)
        self.legacy = legacy
        if not legacy:
            del self.fields["editions"]

    def clean_code(self) -> str:
        """One code, without blanks."""
        code: str = self.cleaned_data["code"]
        if _BETWEEN.search(code):
            raise ValidationError("A product code is one word, such as SYN-CMS. Type only that.")
        return code

    def clean_editions(self) -> list[str]:
        """The codes, each once."""
        codes = list(dict.fromkeys(filter(None, _BETWEEN.split(self.cleaned_data["editions"]))))
        if any(len(code) > 100 for code in codes) or len(codes) > _MOST_EDITIONS:
            raise ValidationError("These are not edition codes. Type them with commas between them.")
        return codes

    def clean(self) -> dict[str, Any]:
        """What is known of the product's family decides how many editions it takes."""
        cleaned = super().clean() or self.cleaned_data
        code, editions = cleaned.get("code"), cleaned.get("editions")
        if not code or editions is None:
            return cleaned
        family = family_of(code)
        if family in _PLANS and len(editions) != 1:
            self.add_error("editions", "This product takes exactly one edition. Type its code.")
        elif not editions and family != "cloudmail":
            self.add_error("editions", "This product needs an edition. Type its code.")
        return cleaned


def chosen_in(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen in the form that asked for `payload`, by field."""
    code = str(payload.get("code", ""))
    return {"product": code, f"edition-{code}": list(payload.get("editions", []))}


def typed_in(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The same for the form with typed codes."""
    return {"code": payload.get("code", ""), "editions": ", ".join(payload.get("editions", []))}
