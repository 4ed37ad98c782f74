"""What ``portal doctor`` does: looks, prints, and says by its exit code how it stands."""

from __future__ import annotations

import json
from enum import IntEnum

import click
from flask import Flask

from portal.services.doctor.checks import CheckState
from portal.services.doctor.http_look import shown_address
from portal.services.registry import services
from portal.settings import Settings
from portal.web.doctor.printed import as_json, printed_lines


class Exit(IntEnum):
    """The exit codes of an examination that was made; scripts rely on them."""

    NOTHING_BROKEN = 0
    BROKEN = 1


def examine(app: Flask, settings: Settings, *, for_a_program: bool) -> Exit:
    """Examine the portal of ``app``, print what was found and return the exit code.

    The database is left as it is: one of an older version is a finding.
    """
    # In a request's context: the lines hold addresses of pages, and words.
    with app.test_request_context(base_url=settings.public_url):
        portal = services()
        results = portal.doctor.examine().results()
        public_url = shown_address(settings.public_url)
        if for_a_program:
            found = as_json(
                results,
                public_url=public_url,
                at=portal.clock.now(),
                counted_calls=portal.doctor.counted_calls,
            )
            click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        else:
            for line in printed_lines(results, public_url=public_url):
                click.echo(line)
    is_broken = any(result.state is CheckState.FAILED for result in results)
    return Exit.BROKEN if is_broken else Exit.NOTHING_BROKEN
