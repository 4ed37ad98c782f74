"""The ``portal`` command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from portal.settings import SettingsError, read_settings

if TYPE_CHECKING:
    from flask import Flask

    from portal.models.person import Role
    from portal.services.registry import Services
    from portal.settings import Settings

# The exit code of `portal doctor` when it cannot say how the portal stands.
COULD_NOT_LOOK = 2


def main() -> None:
    """Run the command; faults of the environment are printed as remedies, without a traceback."""
    try:
        portal()
    except SettingsError as error:
        _fail("The portal cannot start:", *error.faults)


@click.group()
def portal() -> None:
    """Access requests for BI resources, approved in DingTalk OA."""


@portal.command()
def serve() -> None:
    """Answer people and DingTalk over HTTP."""
    from portal.database_use import at_work
    from portal.logs import log_what_nobody_caught
    from portal.server import serve_portal
    from portal.web.callbacks.door import ADDRESS

    log_what_nobody_caught()
    with at_work(read_settings(os.environ)):
        app, settings, services = _open()
        with app.app_context():
            services.dingtalk_apps.bind_initially(settings.initial_binding)
            services.quickbi_settings.connect_initially(settings.initial_quickbi)
        serve_portal(app, settings, callback_address=ADDRESS)


@portal.command()
def worker() -> None:
    """Do the work in the background: start approvals, read outcomes."""
    from portal.logs import log_what_nobody_caught
    from portal.workflows.worker import WorkerAlreadyRunning, run_worker

    log_what_nobody_caught()
    app, settings, services = _open()
    try:
        run_worker(app, settings, services)
    except WorkerAlreadyRunning as taken:
        _fail(*taken.lines)


@portal.command()
def stream() -> None:
    """Listen to DingTalk's events by Stream, where that is chosen on the settings page."""
    from portal.database_use import at_work
    from portal.logs import log_what_nobody_caught
    from portal.streaming.process import run_stream

    log_what_nobody_caught()
    with at_work(read_settings(os.environ)):
        app, settings, services = _open()
        run_stream(app, settings, services)


@portal.command()
def demo() -> None:
    """Start portal, worker, Stream listener and DingTalk sandbox together, with made-up people."""
    from portal.demo import run_demo

    sys.exit(run_demo(os.environ))


@portal.command("demo-seed", hidden=True)
def demo_seed() -> None:
    """Put the demo's people and resources into an empty database."""
    from portal.demo_seed import seed

    app, settings, services = _open()
    with app.app_context():
        services.dingtalk_apps.bind_initially(settings.initial_binding)
        services.quickbi_settings.connect_initially(settings.initial_quickbi, is_usual_target=True)
        seed(services, corp_id=settings.initial_binding.corp_id)


@portal.command()
def sandbox() -> None:
    """Start the DingTalk sandbox alone: an organisation of made-up people."""
    from portal.sandbox.from_environment import serve_from_environment

    serve_from_environment(os.environ)


@portal.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Create or upgrade the tables."""
    from portal.application import create_app
    from portal.migrating import migrate_database

    settings = read_settings(os.environ)
    migrate_database(create_app(settings), settings)
    click.echo("The database is up to date.")


@portal.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Write the whole database to FILE, also while the portal runs."""
    from portal.backups.making import make_backup
    from portal.backups.problems import BackupProblem

    try:
        manifest = make_backup(read_settings(os.environ), file)
    except BackupProblem as problem:
        _fail("No backup was made.", *problem.lines)
    click.echo(f"{file} holds the database as of {manifest.made_at}. Keep PORTAL_SECRET_KEY elsewhere.")


@portal.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Replace a database that is not empty.")
def restore(file: Path, *, replace: bool) -> None:
    """Put the backup FILE in the place of the database; no process of the portal may be running."""
    from portal.backups.problems import BackupProblem
    from portal.backups.restoring import restore_backup

    try:
        restored = restore_backup(read_settings(os.environ), file, may_replace=replace)
    except BackupProblem as problem:
        _fail("Nothing was restored.", *problem.lines)
    _open()
    click.echo(f"Restored the database of {restored.manifest.made_at}.")
    if restored.replaced:
        click.echo(f"What it replaced is kept in {restored.replaced}.")
    click.echo("Once a worker runs, it asks DingTalk about every approval that was open then.")
    click.echo("Everybody signs in again.")


@portal.command()
@click.option("--json", "as_json", is_flag=True, help="For a program: names, states and findings are stable.")
def doctor(*, as_json: bool) -> None:
    """Look at the whole way to DingTalk and back, changing nothing.

    Ends with 0 when nothing is broken, 1 when something is, 2 when it could not look.
    """
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        _fail("The portal cannot start:", *error.faults, exit_code=COULD_NOT_LOOK)
    from portal.application import create_app
    from portal.logs import log_errors_only
    from portal.web.doctor.command import examine

    try:
        app = create_app(settings)
    except OSError as error:
        _fail(f"The portal cannot start: {error.strerror}.", exit_code=COULD_NOT_LOOK)
    log_errors_only()
    sys.exit(examine(app, settings, for_a_program=as_json))


@portal.command()
def sync() -> None:
    """Ask DingTalk about every open approval; a running worker reads them, by one counted call each."""
    from portal.services.audit import PORTAL
    from portal.services.faults import Problem

    app, _settings, services = _open()
    with app.app_context():
        try:
            count = services.syncing.all(PORTAL)
        except Problem:
            _fail(
                "The organisation's monthly calls to DingTalk are used up: nothing can be asked now.",
                "The Approval Settings page says when the portal tries again.",
            )
    click.echo(f"{count} open approvals will be read.")


@portal.group()
def resources() -> None:
    """The catalogue of resources that people can ask access to."""


@resources.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="For a program: names and reasons are stable.")
def resources_import(file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Take the CSV FILE into the catalogue: all of its lines, or none.

    Ends with 0 when it was (or could be) taken in, 1 when lines have faults, 2 when it could not be read.
    """
    from portal.web.resources.command import import_file

    app, _settings, services = _open()
    with app.app_context():
        sys.exit(import_file(services, file, is_dry_run=dry_run, for_a_program=as_json))


@resources.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
def resources_export(file: Path) -> None:
    """Write the catalogue to FILE as an import takes it back."""
    from portal.web.resources.command import export_file

    app, _settings, _services = _open()
    with app.app_context():
        sys.exit(export_file(file))


@portal.group()
def people() -> None:
    """People and what they may do."""


@people.command("grant-admin")
@click.argument("user_id")
def grant_admin(user_id: str) -> None:
    """Make the DingTalk person USER_ID an organization admin, also before they first sign in."""
    from portal.models.person import Role
    from portal.services.audit import PORTAL

    app, _settings, services = _open()
    with app.app_context():
        view = services.dingtalk_apps.view()
        if not view.is_bound:
            _fail("No DingTalk app is bound yet.", "Bind it on the Approval Settings page first.")
        services.people.grant_role(
            PORTAL, corp_id=view.corp_id, user_id=user_id, role=Role.ORGANIZATION_ADMIN
        )
    click.echo(f"{user_id} is an organization admin.")


@people.command("give-role")
@click.argument("user_id")
@click.argument("role")
def give_role(user_id: str, role: str) -> None:
    """Give ROLE to the DingTalk person or the local user name USER_ID; a DingTalk person also before they sign in."""
    from portal.services.audit import PORTAL

    wanted = _role(role)
    app, _settings, services = _open()
    with app.app_context():
        person_id = services.known_people.id_of(user_id)
        view = services.dingtalk_apps.view()
        if person_id is not None:
            services.roles.give(PORTAL, None, person_id=person_id, role=wanted)
        elif view.is_bound:
            services.people.grant_role(PORTAL, corp_id=view.corp_id, user_id=user_id, role=wanted)
        else:
            _fail(f"The portal knows nobody called {user_id}, and no DingTalk app is bound yet.")
    click.echo(f"{user_id} is {wanted}.")


@people.command("take-role")
@click.argument("user_id")
@click.argument("role")
def take_role(user_id: str, role: str) -> None:
    """Take ROLE away from the DingTalk person or the local user name USER_ID."""
    from portal.services.audit import PORTAL
    from portal.services.faults import Problem

    wanted = _role(role)
    app, _settings, services = _open()
    with app.app_context():
        person_id = services.known_people.id_of(user_id)
        if person_id is None:
            _fail(f"The portal knows nobody called {user_id}.")
        try:
            services.roles.take(PORTAL, None, person_id=person_id, role=wanted)
        except Problem:
            _fail("This is the last organization admin.", "Make somebody else one first: people grant-admin.")
    click.echo(f"{user_id} is not {wanted} any more.")


@people.command("add-local-admin")
@click.argument("username")
@click.password_option(help="At least 12 characters; asked for when not given.")
def add_local_admin(username: str, password: str) -> None:
    """Make a local organization admin for the first hour and emergencies, or set a new password."""
    from portal.services.audit import PORTAL
    from portal.services.faults import FieldFault

    app, _settings, services = _open()
    with app.app_context():
        try:
            services.sign_ins.add_local_admin(username, password, actor=PORTAL)
        except FieldFault:
            _fail("The password is too short.", "Use at least 12 characters.")
    click.echo(f"{username} can sign in as a local admin.")


@people.command("add-local")
@click.argument("username")
@click.option("--name", default="", help="What they are called on pages; the user name when not given.")
@click.option("--role", "roles", multiple=True, help="A role to give them; may be repeated.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the standard input.")
def add_local(username: str, name: str, roles: tuple[str, ...], password_stdin: bool) -> None:
    """Add somebody whom DingTalk does not know; they sign in as USERNAME.

    Prints a password made up for them, once, unless one is given.
    """
    from portal.models.person import Role
    from portal.services.audit import PORTAL
    from portal.services.faults import FieldFault
    from portal.web.words.faults import fault_sentence

    unknown = set(roles) - set(Role)
    if unknown:
        _fail(f"There is no role {', '.join(sorted(unknown))}.", f"There are: {', '.join(Role)}.")
    given = sys.stdin.readline().rstrip("\n") if password_stdin else None
    app, _settings, services = _open()
    with app.app_context():
        try:
            added = services.local_people.add(
                PORTAL,
                admin=None,
                username=username,
                name=name,
                roles=[Role(each) for each in roles],
                password=given,
            )
        except FieldFault as fault:
            _fail(f"{username} was not added.", fault_sentence(fault))
    click.echo(f"{username} can sign in.")
    if given is None:
        click.echo(f"Password, shown this once: {added.password}")


def _role(name: str) -> Role:
    from portal.models.person import Role

    if name not in set(Role):
        _fail(f"There is no role {name}.", f"There are: {', '.join(Role)}.")
    return Role(name)


def _open() -> tuple[Flask, Settings, Services]:
    from portal.application import create_app
    from portal.migrating import migrate_database
    from portal.services.registry import KEY

    settings = read_settings(os.environ)
    app = create_app(settings)
    migrate_database(app, settings)
    return app, settings, app.extensions[KEY]


def _fail(*lines: str, exit_code: int = 1) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
