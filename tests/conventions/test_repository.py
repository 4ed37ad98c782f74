"""What the repository holds beside code: lock files, vendored files, and no trace of one machine."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

from tests.conventions.sources import ROOT, files, named

LOCK_FILES = files(".lock")
# Put together from halves, so that this file does not find itself.
BELONGS_TO_ONE_MACHINE = (
    "/" + "work/",
    "pypi" + ".org",
    "python" + "hosted",
    "npmjs" + ".org",
    "npmjs" + ".com",
)
READ_AS_TEXT = {
    ".py",
    ".html",
    ".css",
    ".js",
    ".md",
    ".toml",
    ".lock",
    ".ini",
    ".po",
    ".json",
    ".txt",
    ".svg",
    "",
}


def test_no_file_names_a_package_index_or_one_machines_folders() -> None:
    read = [path for path in files() if path.suffix in READ_AS_TEXT]
    ours = [path for path in read if "vendor" not in path.parts or path.name == "README.md"]
    texts = {path: path.read_text(encoding="utf-8") for path in ours}
    faults = [
        f"{named(path)}: {word}"
        for path, text in texts.items()
        for word in BELONGS_TO_ONE_MACHINE
        if word in text
    ]
    assert not faults, "Mirrors and folders differ from machine to machine:\n" + "\n".join(faults)


@pytest.mark.parametrize("path", LOCK_FILES, ids=named)
def test_a_lock_file_pins_every_package_by_hash(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=[a-z])", text):
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,._-]+\])?==\S+", entry), (
            f"{named(path)}: not pinned: {entry[:60]}"
        )
        assert "--hash=sha256:" in entry, (
            f"{named(path)}: no hash for {entry[:60]}; run `python3 run.py lock`."
        )


def test_the_lock_files_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, dev = _pins("requirements.lock"), _pins("requirements-dev.lock")
    for wanted, lock in (
        (project["project"]["dependencies"], runtime),
        (project["dependency-groups"]["dev"], dev),
    ):
        for requirement in wanted:
            name, _, version = requirement.partition(";")[0].strip().partition("==")
            name = re.sub(r"\[.*\]", "", name)
            assert name in lock, f"{name} is in pyproject.toml alone: run `python3 run.py lock`."
            assert version in {"", lock[name]}, f"{name} differs: run `python3 run.py lock`."


def test_what_is_tested_is_what_is_shipped() -> None:
    runtime, dev = _pins("requirements.lock"), _pins("requirements-dev.lock")
    differing = sorted(name for name, version in runtime.items() if dev.get(name) != version)
    assert not differing, f"The two lock files disagree on {differing}: run `python3 run.py lock`."


@pytest.mark.parametrize("note", [path for path in files(".md") if path.parent.name == "vendor"], ids=named)
def test_vendored_files_are_the_recorded_ones(note: Path) -> None:
    text = note.read_text(encoding="utf-8")
    recorded = dict(re.findall(r"`([^`\s]+)`[^\n]*?`?\b([0-9a-f]{64})\b", text))
    found = {path.relative_to(note.parent).as_posix(): path for path in files(under=named(note.parent))}
    del found[note.name]
    assert found.keys() == recorded.keys(), (
        f"{named(note)} and the folder differ: {found.keys() ^ recorded.keys()}"
    )
    for name, path in found.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert digest == recorded[name], f"{named(path)} was changed: vendored files stay as published."


def _pins(lock_file: str) -> dict[str, str]:
    text = (ROOT / lock_file).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", text, re.MULTILINE))
