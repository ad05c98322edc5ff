"""What of an answer can be kept by the database."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning import mirror
from provisioning.synaq.wire import MASK, scrub

TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=30)


@given(JSON)
def test_whatever_came_is_kept_as_json_that_postgres_takes(body: Any) -> None:
    text = json.dumps(mirror.raw_of(body), allow_nan=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    json.loads(text)
    mirror_of_itself = mirror.raw_of(mirror.raw_of(body))
    assert mirror_of_itself == mirror.raw_of(body)
    json.dumps(mirror.raw_of(body), ensure_ascii=False).encode()


@given(
    st.dictionaries(
        st.text(st.characters(categories=["L", "N"])),
        st.integers() | st.text(st.characters(categories=["L"])),
    )
)
def test_what_is_sound_stays_as_it_is(body: dict[str, Any]) -> None:
    sound = {key: value for key, value in body.items() if scrub({key: value}) == {key: value}}
    assert mirror.raw_of(sound) == sound


def test_passwords_are_masked() -> None:
    assert mirror.raw_of({"a": [{"smtp_password": "x"}]}) == {"a": [{"smtp_password": MASK}]}
