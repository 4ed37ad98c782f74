"""Every word is there in every language, translated, certain and compiled."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests.conventions.sources import ROOT, files, named

CATALOGUES = ROOT / "portal" / "translations"
FIXED = "Run `python3 run.py translations`, then translate what is new."
MESSAGES = files(".po", under="portal/translations")


def test_there_is_a_simplified_chinese_catalogue() -> None:
    assert CATALOGUES / "zh" / "LC_MESSAGES" / "messages.po" in MESSAGES, FIXED


@pytest.mark.parametrize("path", MESSAGES, ids=named)
def test_a_catalogue_holds_every_word_of_the_code(path: Path) -> None:
    known = {_key(message.id, message.context) for message in _read(path) if message.id}
    missing = sorted(str(key) for key in _words_of_the_code() - known)
    assert not missing, f"{named(path)} lacks {len(missing)}: {missing[:10]}. {FIXED}"


@pytest.mark.parametrize("path", MESSAGES, ids=named)
def test_a_catalogue_holds_nothing_that_the_code_no_longer_says(path: Path) -> None:
    known = {_key(message.id, message.context) for message in _read(path) if message.id}
    left_over = sorted(str(key) for key in known - _words_of_the_code())
    assert not left_over, f"{named(path)} still has {left_over[:10]}. {FIXED}"


@pytest.mark.parametrize("path", MESSAGES, ids=named)
def test_every_word_is_translated_for_certain(path: Path) -> None:
    doubtful = [
        message.id
        for message in _read(path)
        if message.id and (message.fuzzy or not _is_full(message.string))
    ]
    assert not doubtful, f"{named(path)}: {len(doubtful)} without a certain translation: {doubtful[:10]}"


@pytest.mark.parametrize("path", MESSAGES, ids=named)
def test_translations_keep_the_places_of_values(path: Path) -> None:
    broken = [(message.id, [str(error) for error in errors]) for message, errors in _read(path).check()]
    assert not broken, f"{named(path)}: {broken[:5]}"


@pytest.mark.parametrize("path", MESSAGES, ids=named)
def test_the_compiled_catalogue_is_in_step(path: Path) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, _read(path))
    stored = path.with_suffix(".mo")
    assert stored.exists(), f"{named(stored)} is missing. {FIXED}"
    assert stored.read_bytes() == compiled.getvalue(), f"{named(stored)} is older than {path.name}. {FIXED}"


@cache
def _read(path: Path) -> Catalog:
    with path.open("rb") as stored:
        return read_po(stored, locale=path.parent.parent.name)


@cache
def _words_of_the_code() -> frozenset[tuple[str, str | None]]:
    with (CATALOGUES / "sources.ini").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)
    keywords = DEFAULT_KEYWORDS | {"lazy_gettext": None}
    found = extract_from_dir(ROOT, methods, options, keywords)
    return frozenset(_key(message, context) for _, _, message, _, context in found)


def _key(message: str | list[str] | tuple[str, ...], context: str | None) -> tuple[str, str | None]:
    return (message if isinstance(message, str) else message[0]), context


def _is_full(string: str | tuple[str, ...] | None) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)
