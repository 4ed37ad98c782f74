"""Finds the files of the repository, so that the rules hold for what comes later too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = ("portal", "templates", "static", "tests", "bench", "docs", "migrations", ".ci")
GENERATED = {"__pycache__", ".work", "screenshots"}


def files(*suffixes: str, under: str = "") -> list[Path]:
    """All files of the folder `under` (or the repository) with one of the suffixes, if any is given."""
    return [
        path
        for path in _all_files()
        if (not suffixes or path.suffix in suffixes)
        and (not under or path.is_relative_to(ROOT / under))
        and path.is_file()
    ]


def named(path: Path) -> str:
    """The path as a person writes it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def _all_files() -> tuple[Path, ...]:
    beside = (path for path in ROOT.iterdir() if path.is_file())
    below = (path for folder in TOP_LEVEL for path in _walk(ROOT / folder))
    return tuple(sorted((*beside, *below)))


def _walk(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in folder.rglob("*"):
            if path.is_file() and GENERATED.isdisjoint(path.parts):
                yield path
