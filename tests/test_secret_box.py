"""Secrets at rest open only in their place, with their key, unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.secret_box import SecretBox, SecretUnreadable

BOX, OTHER = SecretBox("a secret key"), SecretBox("another secret key")
PLACE = "table.column.1"


@given(secret=st.text(st.characters(codec="utf-8"), max_size=200))
def test_what_was_sealed_opens_in_its_place(secret: str) -> None:
    sealed = BOX.seal(secret, place=PLACE)
    assert BOX.open(sealed, place=PLACE) == secret
    assert len(secret) < 6 or secret not in sealed


def test_the_same_secret_looks_different_each_time() -> None:
    assert BOX.seal("s", place=PLACE) != BOX.seal("s", place=PLACE)


@given(sealed=st.text(max_size=120) | st.from_regex(r"v1\.[0-9a-f]{8}\.[A-Za-z0-9+/=]{0,80}", fullmatch=True))
def test_anything_else_is_unreadable_and_nothing_worse(sealed: str) -> None:
    with pytest.raises(SecretUnreadable):
        BOX.open(sealed, place=PLACE)


@given(position=st.integers(min_value=0), flipped=st.sampled_from("Aa0+"))
def test_a_changed_character_is_noticed(position: int, flipped: str) -> None:
    sealed = BOX.seal("the app secret", place=PLACE)
    start = sealed.rindex(".") + 1
    # The last characters may hold bits that base64 does not use.
    place = start + position % (len(sealed) - start - 4)
    changed = sealed[:place] + flipped + sealed[place + 1 :]
    if changed != sealed:
        with pytest.raises(SecretUnreadable):
            BOX.open(changed, place=PLACE)


def test_another_key_or_another_place_does_not_open_it() -> None:
    sealed = BOX.seal("the app secret", place=PLACE)
    with pytest.raises(SecretUnreadable) as error:
        OTHER.open(sealed, place=PLACE)
    assert "the app secret" not in str(error.value)
    with pytest.raises(SecretUnreadable):
        BOX.open(sealed, place="table.column.2")
