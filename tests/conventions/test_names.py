"""Names say what a thing is; files stay small enough to be one thing and say what they are for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conventions.sources import files, named, tree

SAYS_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "misc", "data", "info"}
# The product's own nouns (its help page says "data source"), the vendor's fields, the standard library.
NOUNS = re.compile(
    r"data_?(source|work|portal|platform|set|screen|entry_form)|manager_?user_?id|user_?info|handle_data",
    re.IGNORECASE,
)
LONGEST_FILE_LINES = 400

OURS = [path for path in files(".py") if not named(path).startswith("migrations/versions/")]
PORTAL_FILES = files(".py", under="portal")


def test_no_name_says_nothing() -> None:
    empty = {path: sorted({name for name in _names(path) if SAYS_NOTHING & _words(name)}) for path in OURS}
    faults = [f"{named(path)}: {', '.join(names)}" for path, names in empty.items() if names]
    assert not faults, "Rename after the thing that it is or holds:\n" + "\n".join(faults)


def test_every_module_says_what_it_is_for() -> None:
    silent = [named(path) for path in OURS if tree(path).body and not ast.get_docstring(tree(path))]
    assert not silent, "A module needs one docstring: what is it for?\n" + "\n".join(silent)


def test_a_file_is_one_thing() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PORTAL_FILES}
    long = [f"{named(path)}: {count} lines" for path, count in lengths.items() if count > LONGEST_FILE_LINES]
    assert not long, "Two things share a file; split it by thing:\n" + "\n".join(long)


def _names(path: Path) -> Iterator[str]:
    """The names that the file itself chooses; those of other people's libraries are not ours to judge."""
    yield path.stem
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_self(node.value):
            yield node.attr


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", NOUNS.sub("", name))}
