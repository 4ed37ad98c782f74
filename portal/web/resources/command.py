"""``portal resources``: the catalogue from and to a CSV file, on a terminal."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from portal.extensions import db
from portal.services.catalogue.csv_export import write_catalogue
from portal.services.catalogue.csv_text import LARGEST_FILE_BYTES
from portal.services.faults import FieldFault, Problem
from portal.services.registry import Services
from portal.web.words.catalogue import line_sentence
from portal.web.words.faults import fault_sentence
from portal.web.words.problems import problem_words

DONE, HAS_FAULTS, COULD_NOT_READ = 0, 1, 2


def import_file(services: Services, file: Path, *, is_dry_run: bool, for_a_program: bool) -> int:
    """Import ``file``, print what came of it and return the exit code."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE_BYTES + 1)
        report = services.csv_import.take_over(content, file_name=file.name, is_dry_run=is_dry_run)
    except OSError as error:
        return _refused(f"{file}: {error.strerror}.", reason="unreadable", for_a_program=for_a_program)
    except FieldFault as fault:
        return _refused(fault_sentence(fault), reason=fault.reason, for_a_program=for_a_program)
    except Problem as problem:
        words = problem_words(problem)
        said = f"{words.title}. {words.reason}"
        return _refused(said, reason=problem.reason.value, for_a_program=for_a_program)
    is_applied = not is_dry_run and not report["fault_count"]
    if for_a_program:
        click.echo(json.dumps({**report, "applied": is_applied}, ensure_ascii=False))
    else:
        _print(report, is_applied=is_applied)
    return HAS_FAULTS if report["fault_count"] else DONE


def export_file(file: Path) -> int:
    """Write the catalogue to ``file``, which is there completely or not at all, and return the exit code."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8-sig", newline="", dir=file.parent, delete=False
        ) as written:
            try:
                count = write_catalogue(db.session(), written)
                written.close()
                Path(written.name).replace(file)
            except BaseException:
                Path(written.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        click.echo(f"{file}: {error.strerror}.", err=True)
        return COULD_NOT_READ
    click.echo(f"{count} resources written to {file}.")
    return DONE


def _refused(sentence: str, *, reason: str, for_a_program: bool) -> int:
    if for_a_program:
        click.echo(json.dumps({"applied": False, "refused": reason}))
    click.echo(f"Nothing was imported. {sentence}", err=True)
    return COULD_NOT_READ


def _print(report: dict[str, Any], *, is_applied: bool) -> None:
    counts = report["counts"]
    click.echo(
        f"{report['lines']} lines: {counts['new']} new, {counts['changed']} changed, "
        f"{counts['unchanged']} unchanged; {counts['untouched']} others of the catalogue stay as they are."
    )
    for what in ("new_workspaces", "new_owners"):
        if report[what]["count"]:
            names = ", ".join(report[what]["names"])
            click.echo(f"{report[what]['count']} {what.replace('_', ' ')}: {names}")
    for fault in report["faults"]:
        click.echo(f"Line {fault['line']}, {fault['column'] or 'all'}: {line_sentence(fault)}", err=True)
    if hidden := report["fault_count"] - len(report["faults"]):
        click.echo(f"… and {hidden} more.", err=True)
    click.echo("The catalogue was changed." if is_applied else "Nothing was changed.")
