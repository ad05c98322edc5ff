"""Forms that ask for something: sent twice they ask once, and what SYNAQ refused comes back into them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django import forms

from provisioning.models import Action


class SubmissionForm(forms.Form):
    """A form with its own mark. `wire_names` says which field shows the errors of a wire name, where they differ."""

    wire_names: ClassVar[dict[str, str]] = {}

    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["submission"].initial = uuid.uuid4
        self.refused: Action | None = None

    @classmethod
    def after_refusal(cls, action: Action, data: Mapping[str, Any], **kwargs: Any) -> Self:
        """The form as it was sent in `action`, SYNAQ's words beside the fields that they name. `data` is what was
        typed, by field; secrets are not kept, and stand empty."""
        form = cls({**data, "submission": uuid.uuid4()}, **kwargs)
        form.full_clean()
        form.errors.clear()
        form.refused = action
        for line in action.errors:
            form.add_error(form.field_of(line["field"]), line["message"])
        if not action.errors and action.words:
            form.add_error(None, action.words)
        return form

    def field_of(self, wire_name: str) -> str | None:
        """The field that shows errors of this wire name; None for the top of the form."""
        names = (wire_name, wire_name.rpartition(".")[2])
        found = (self.wire_names.get(name, name) for name in names)
        return next((name for name in found if name in self.fields), None)

    @property
    def submission_id(self) -> uuid.UUID:
        """The mark that this sending carries."""
        value = self.cleaned_data.get("submission")
        return value if isinstance(value, uuid.UUID) else uuid.uuid4()
