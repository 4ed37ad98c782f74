"""Imports run one way, so that each layer can be read, tested and replaced without those above it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.conventions.sources import ROOT, files, named, tree

# Folders of the portal, each with the folders that it may know. Modules directly in portal/ (settings, clock)
# are "foundation", except those that put the parts together.
MAY_KNOW = {
    "rules": {"rules"},
    "dingtalk": {"dingtalk"},
    "quickbi": {"quickbi"},
    "foundation": {"foundation", "models", "rules"},
    "models": {"models", "rules", "foundation"},
    "backups": {"backups", "foundation"},
    # What can go wrong is told in the same words for channels and targets.
    "grants": {"grants", "channels", "models", "rules", "foundation"},
    "grants.quickbi": {"grants", "grants.quickbi", "quickbi", "channels", "models", "rules", "foundation"},
    "grants.webhook": {"grants", "grants.webhook", "channels", "models", "rules", "foundation"},
    "channels": {"channels", "models", "rules", "foundation"},
    "channels.dingtalk": {"channels", "channels.dingtalk", "dingtalk", "models", "rules", "foundation"},
    "channels.in_platform": {"channels", "channels.in_platform", "models", "rules", "foundation"},
    "services": {
        "services",
        "channels",
        "channels.dingtalk",
        "channels.in_platform",
        "grants",
        "grants.quickbi",
        "grants.webhook",
        "quickbi",
        "models",
        "rules",
        "foundation",
    },
    "workflows": {"workflows", "services", "channels", "grants", "models", "rules", "foundation"},
    "streaming": {
        "streaming",
        "services",
        "channels",
        "channels.dingtalk",
        "models",
        "rules",
        "foundation",
    },
    "web": {
        "web",
        "services",
        "channels",
        "channels.dingtalk",
        "channels.in_platform",
        "grants",
        "grants.quickbi",
        "grants.webhook",
        "models",
        "rules",
        "foundation",
    },
    "sandbox": {"sandbox"},
}
PUTS_THE_PARTS_TOGETHER = {
    "portal",
    "portal.__main__",
    "portal.application",
    "portal.bootstrap",
    "portal.cli",
    "portal.demo",
    "portal.demo_seed",
}
KNOWS_THE_SANDBOX = {"portal.cli", "portal.demo"}
SHARED_WITH_THE_SANDBOX = "portal.dingtalk.callback_crypto"

PORTAL_FILES = files(".py", under="portal")


def test_the_portal_has_modules() -> None:
    assert PORTAL_FILES, "No module was found in portal/: these tests would prove nothing."


def test_a_module_imports_only_what_its_layer_may_know() -> None:
    faults = [fault for path in PORTAL_FILES for fault in _crossing_imports(path)]
    assert not faults, "Imports run one way:\n" + "\n".join(faults)


def test_only_the_command_and_the_demo_know_the_sandbox() -> None:
    others = [path for path in PORTAL_FILES if not _is_within(_module_name(path), KNOWS_THE_SANDBOX)]
    faults = [
        f"{named(path)} imports {name}"
        for path in others
        for name in _imports_of_ours(path)
        if _layer(name) == "sandbox" and _layer(_module_name(path)) != "sandbox"
    ]
    assert not faults, "The addresses in the settings are all that tells the sandbox:\n" + "\n".join(faults)


def test_the_dingtalk_client_knows_neither_flask_nor_the_database() -> None:
    unwanted = {"flask", "flask_sqlalchemy", "flask_babel", "sqlalchemy", "dbos"}
    faults = _foreign_imports("portal/dingtalk", lambda roots: roots & unwanted)
    assert not faults, "portal/dingtalk speaks HTTP and nothing else:\n" + "\n".join(faults)


def test_the_quickbi_client_knows_neither_flask_nor_the_database_and_loads_its_library_by_name() -> None:
    faults = _foreign_imports("portal/quickbi", lambda roots: roots)
    assert not faults, "portal/quickbi starts without its library, which is optional:\n" + "\n".join(faults)


def test_rules_use_the_standard_library_alone() -> None:
    faults = _foreign_imports("portal/rules", lambda roots: roots)
    assert not faults, "Rules stay pure, so that their tests need nothing:\n" + "\n".join(faults)


def _crossing_imports(path: Path) -> Iterator[str]:
    module = _module_name(path)
    if _is_within(module, PUTS_THE_PARTS_TOGETHER):
        return
    layer = _layer(module)
    if layer not in MAY_KNOW:
        yield f"{named(path)}: give the new folder portal/{layer} its arrows in MAY_KNOW"
        return
    for imported in sorted(_imports_of_ours(path)):
        is_shared = layer == "sandbox" and imported == SHARED_WITH_THE_SANDBOX
        is_known = _layer(imported) in MAY_KNOW[layer] and not _is_within(imported, PUTS_THE_PARTS_TOGETHER)
        if not is_known and not is_shared:
            yield f"{named(path)} imports {imported}; {layer} may know {', '.join(sorted(MAY_KNOW[layer]))}"


def _foreign_imports(folder: str, choose: Callable[[set[str]], set[str]]) -> list[str]:
    found = {path: choose(_third_party(path)) for path in files(".py", under=folder)}
    return [f"{named(path)} imports {', '.join(sorted(roots))}" for path, roots in found.items() if roots]


def _layer(module: str) -> str:
    parts = module.split(".")[1:]
    if not parts:
        return "portal"
    if parts[0] in ("channels", "grants") and len(parts) > 1 and ROOT.joinpath("portal", *parts[:2]).is_dir():
        return f"{parts[0]}.{parts[1]}"
    is_folder = (ROOT / "portal" / parts[0]).is_dir()
    return parts[0] if is_folder else "foundation"


def _is_within(module: str, names: set[str]) -> bool:
    return module in names or any(module.startswith(f"{name}.") for name in names - {"portal"})


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports_of_ours(path: Path) -> set[str]:
    return {name for name in _imports(path) if name == "portal" or name.startswith("portal.")}


def _third_party(path: Path) -> set[str]:
    roots = {name.partition(".")[0] for name in _imports(path)}
    return roots - {"portal", "__future__"} - sys.stdlib_module_names


def _imports(path: Path) -> set[str]:
    """Every module imported anywhere in the file; `from portal import clock` counts as portal.clock."""
    package = path.parent.relative_to(ROOT).parts
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *([node.module] if node.module else [])))
            found |= {_submodule(base, alias.name) for alias in node.names}
    return found


def _submodule(base: str, name: str) -> str:
    place = ROOT.joinpath(*base.split("."), name)
    return f"{base}.{name}" if place.is_dir() or place.with_suffix(".py").exists() else base
