"""Templates keep to the strict content security policy, one root per partial and translatable words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

from tests.conventions.sources import files, named

TEMPLATES = files(".html", under="templates")
PARTIALS = [path for path in TEMPLATES if path.name.startswith("_")]
VALUE = "\x00"  # stands where a template puts a value

READ_ALOUD = {"title", "placeholder", "aria-label", "alt", "aria-description", "label"}
NOT_PROSE = {"code", "kbd", "pre", "samp", "script", "style"}
SAME_IN_EVERY_LANGUAGE = {"English", "中文", "简体中文", "DingTalk", "Quick", "BI", "ms"}
TRANSLATES = {"_", "gettext", "ngettext", "pgettext", "npgettext", "lazy_gettext"}
CLASS_BLOCKS = re.compile(r"width|class|.+_class")  # blocks that hold class names, not words
LOOKS_LIKE_A_SENTENCE = re.compile(r"^[A-Z][a-z]+( [A-Za-z][a-z']+)*[.?!:…]?$")

ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"])  # noqa: S701 - parses, never renders


class Page(HTMLParser):
    """The tags and the words of a template, in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(_without_jinja(path))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag in NOT_PROSE:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, text: str) -> None:
        if not self._open:
            self.words.append(" ".join(text.replace(VALUE, " ").split()))


def test_nothing_in_a_template_needs_more_than_the_strict_policy() -> None:
    faults = [
        f"{named(path)}: {fault}"
        for path in TEMPLATES
        for tag, attributes in _page(path).tags
        for fault in _policy_faults(tag, attributes)
    ]
    assert not faults, "This belongs into static/portal.css or static/portal.js:\n" + "\n".join(faults)


def test_a_partial_has_one_root_that_is_called_like_its_file() -> None:
    faults = [fault for path in PARTIALS for fault in _root_faults(path)]
    assert not faults, "An answer must find its place on the page:\n" + "\n".join(faults)


def test_every_word_in_a_template_is_translated() -> None:
    faults = [f"{named(path)}: {text}" for path in TEMPLATES for text in sorted(_untranslated(path))]
    assert not faults, "Wrap these in _() or {% trans %}:\n" + "\n".join(faults)


def _root_faults(path: Path) -> Iterator[str]:
    tags = _page(path).tags
    if not tags or _holds_macros_only(path):
        return
    name = path.stem.removeprefix("_").replace("_", "-")
    root, attributes = tags[0]
    found = attributes.get("id", "").replace(VALUE, "")
    if found != name and not found.startswith(f"{name}-"):
        yield f'{named(path)} starts with <{root} id="{found}">; its root must have id="{name}"'


def _untranslated(path: Path) -> set[str]:
    page = _page(path)
    spoken = (
        value for _, attributes in page.tags for name, value in attributes.items() if name in READ_ALOUD
    )
    return {text for text in (*page.words, *spoken, *_literals(path)) if _is_prose(text)}


def _policy_faults(tag: str, attributes: dict[str, str]) -> Iterator[str]:
    for name, value in attributes.items():
        if name == "style" or re.match(r"on[a-z]+$", name) or name.startswith(("hx-on", "data-hx-on")):
            yield f"<{tag} {name}> is inline"
        if name.endswith("hx-trigger") and "[" in value:
            yield f"<{tag} hx-trigger> has a filter, which is evaluated"
        if value.strip().lower().startswith(("javascript:", "js:")):
            yield f"<{tag} {name}> holds script"
    if tag == "style" or (tag == "script" and "src" not in attributes):
        yield f"<{tag}> is inline"


def _literals(path: Path) -> Iterator[str]:
    """Sentences handed to a macro or put out as they are, without translation."""
    template = _parsed(path)
    wrapped = {
        id(constant)
        for call in template.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATES
        for constant in call.find_all(nodes.Const)
    }
    for constant in template.find_all(nodes.Const):
        text = constant.value
        if isinstance(text, str) and id(constant) not in wrapped and LOOKS_LIKE_A_SENTENCE.match(text):
            yield text


def _is_prose(text: str) -> bool:
    text = re.sub(r"https?://\S+", "", text.replace(VALUE, " "))
    return not set(re.findall(r"[^\W\d_]{2,}", text)) <= SAME_IN_EVERY_LANGUAGE


@cache
def _page(path: Path) -> Page:
    return Page(path)


@cache
def _parsed(path: Path) -> nodes.Template:
    return ENVIRONMENT.parse(path.read_text(encoding="utf-8"))


def _without_jinja(path: Path) -> str:
    """What the template says by itself, whatever branch is taken, with a mark for each value."""
    template = _parsed(path)
    classes = [block for block in template.find_all(nodes.Block) if CLASS_BLOCKS.fullmatch(block.name)]
    skipped = {id(output) for block in classes for output in block.find_all(nodes.Output)}
    pieces = []
    for output in (output for output in template.find_all(nodes.Output) if id(output) not in skipped):
        for piece in output.nodes:
            pieces.append(piece.data if isinstance(piece, nodes.TemplateData) else VALUE)
    return "".join(pieces)


def _holds_macros_only(path: Path) -> bool:
    template = _parsed(path)
    outside = [node for node in template.body if isinstance(node, nodes.Output)]
    said = (piece for node in outside for piece in node.nodes)
    return all(isinstance(piece, nodes.TemplateData) and not piece.data.strip() for piece in said)
