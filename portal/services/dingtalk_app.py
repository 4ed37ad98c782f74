"""The bound DingTalk app: its credentials and callback keys, kept sealed."""

from __future__ import annotations

import re
import secrets
import string
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from portal.channels.dingtalk.connection import Binding, DingTalkConnection
from portal.channels.dingtalk.people import DingTalkPeople
from portal.channels.failures import ChannelError, Failure
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import ApprovalSettings, DingTalkApp
from portal.secret_box import SecretBox
from portal.services.audit import PORTAL, Actor, record
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.settings import InitialBinding, SettingsError

AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
CALLBACK_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
AGENT_ID = re.compile(r"[0-9]{1,18}")
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{3,64}")
_ALPHABET = string.ascii_letters + string.digits
_PLACE = "portal_dingtalk_app.{}.1"
_EDITION = "SELECT version, updated_at FROM portal_dingtalk_app WHERE id = 1"
_BOUND_APP = select(*DingTalkApp.__table__.columns).where(DingTalkApp.id == 1)


@dataclass(frozen=True, kw_only=True)
class BindingForm:
    """What an admin typed; an empty secret means: keep the stored one. ``version`` is what they saw."""

    corp_id: str
    app_key: str
    agent_id: str
    app_secret: str
    callback_token: str
    callback_aes_key: str
    version: int


@dataclass(frozen=True, kw_only=True)
class BindingView:
    """What the page may show: never a secret, only whether there is one."""

    corp_id: str
    app_key: str
    agent_id: str
    is_bound: bool
    version: int
    connection_checked_at: datetime | None
    connection_failure: Failure | None
    check_url_at: datetime | None


def generate_callback_token() -> str:
    """Make a token that DingTalk accepts (3 to 32 letters and digits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(24))


def generate_aes_key() -> str:
    """Make an ``aes_key`` that DingTalk accepts (43 letters and digits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(43))


class BindingStore:
    """Reads the binding on a connection of its own, so that no transaction is open when a call follows."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box
        self._opened: tuple[tuple[Any, ...], Binding] | None = None

    def read(self) -> Binding | None:
        """Return the opened binding, or None; raises ``SecretUnreadable`` when the secret key changed,
        ``SQLAlchemyError`` when the database does not answer.

        Every callback asks, so the row is read and its secrets are opened only when it has changed.
        """
        known, edition = self._opened, _read_edition()
        if edition is None:
            return None
        if known is not None and known[0] == edition:
            return known[1]
        with db.engine.connect() as connection:
            row = connection.execute(_BOUND_APP).one()
        opened = self._open(row)
        self._opened = edition, opened
        return opened

    def _open(self, row: Row[Any]) -> Binding:
        return Binding(
            corp_id=row.corp_id,
            app_key=row.app_key,
            agent_id=row.agent_id,
            app_secret=self._box.open(row.app_secret_sealed, place=_PLACE.format("app_secret")),
            callback_token=self._box.open(row.callback_token_sealed, place=_PLACE.format("callback_token")),
            callback_aes_key=self._box.open(
                row.callback_aes_key_sealed, place=_PLACE.format("callback_aes_key")
            ),
            version=row.version,
        )


@dataclass(frozen=True, kw_only=True)
class DingTalkApps:
    """Binds the app and checks the connection."""

    clock: Clock
    box: SecretBox
    connection: DingTalkConnection
    people: DingTalkPeople

    def sign_in_url(self, *, redirect_uri: str, state: str) -> str:
        """Return where to send a browser to sign in; raises ``ChannelError`` when no app is bound."""
        return self.people.sign_in_url(redirect_uri=redirect_uri, state=state)

    def view(self) -> BindingView:
        """Return what the settings page shows."""
        row = db.session.get(DingTalkApp, 1)
        if row is None:
            return BindingView(
                corp_id="",
                app_key="",
                agent_id="",
                is_bound=False,
                version=0,
                connection_checked_at=None,
                connection_failure=None,
                check_url_at=None,
            )
        return BindingView(
            corp_id=row.corp_id,
            app_key=row.app_key,
            agent_id=str(row.agent_id or ""),
            is_bound=True,
            version=row.version,
            connection_checked_at=row.connection_checked_at,
            connection_failure=Failure.from_json(row.connection_failure) if row.connection_failure else None,
            check_url_at=row.check_url_at,
        )

    def save(self, actor: Actor, form: BindingForm) -> None:
        """Bind the app, or change the binding.

        Raises ``FieldFault`` for the first bad field and ``Problem(SETTINGS_CHANGED)`` when another admin
        saved meanwhile.
        """
        with transaction() as session:
            row = session.get(DingTalkApp, 1)
            _check(form, is_first=row is None)
            if (row.version if row else 0) != form.version:
                raise Problem(ProblemReason.SETTINGS_CHANGED)
            before = _redacted(row)
            if row is None:
                row = DingTalkApp(id=1, updated_at=self.clock.now())
                session.add(row)
            self._fill(row, form)
            try:
                session.flush()
            except (StaleDataError, IntegrityError) as error:
                raise Problem(ProblemReason.SETTINGS_CHANGED) from error
            if before is not None and before["corp_id"] != row.corp_id:
                # Another organisation knows nothing of that template, nor of that approver.
                session.execute(
                    update(ApprovalSettings).values(
                        template_id=None, fallback_approver_id=None, trial_approver_id=None
                    )
                )
            record(
                session,
                actor,
                "dingtalk_app.saved",
                at=self.clock.now(),
                subject=("dingtalk_app", 1),
                before=before,
                after={**(_redacted(row) or {}), "secrets_replaced": _replaced(form)},
            )

    def bind_initially(self, initial: InitialBinding) -> None:
        """Take the first binding from the environment, if there is one and nothing is bound yet.

        Raises ``SettingsError`` for a value that cannot be one.
        """
        if not (initial.app_key and initial.app_secret) or db.session.get(DingTalkApp, 1) is not None:
            return
        first = BindingForm(
            corp_id=initial.corp_id,
            app_key=initial.app_key,
            agent_id=initial.agent_id,
            app_secret=initial.app_secret,
            callback_token=initial.callback_token or generate_callback_token(),
            callback_aes_key=initial.callback_aes_key or generate_aes_key(),
            version=0,
        )
        try:
            self.save(PORTAL, first)
        except FieldFault as fault:
            raise SettingsError(
                [f"DINGTALK_{fault.field.upper()} is not in the form DingTalk gives."]
            ) from fault
        except Problem as problem:
            # Processes that start together all try; one is first.
            if problem.reason != ProblemReason.SETTINGS_CHANGED:
                raise

    def check_connection(self, actor: Actor) -> Failure | None:
        """Prove the credentials with a fresh token (a permission granted just now may need one).

        Returns None when DingTalk accepted them, else why not; both are recorded.
        """
        failure: Failure | None = None
        try:
            self.connection.prove_access(with_fresh_token=True)
        except ChannelError as error:
            failure = error.failure
        with transaction() as session:
            session.execute(
                update(DingTalkApp).values(
                    connection_checked_at=self.clock.now(),
                    connection_failure=failure.to_json() if failure else None,
                )
            )
            record(
                session,
                actor,
                "dingtalk_app.checked",
                at=self.clock.now(),
                subject=("dingtalk_app", 1),
                after={"failure": failure.kind if failure else None},
            )
        return failure

    def _fill(self, row: DingTalkApp, form: BindingForm) -> None:
        row.corp_id, row.app_key = form.corp_id, form.app_key
        row.agent_id = int(form.agent_id) if form.agent_id else None
        for column, value in (
            ("app_secret", form.app_secret),
            ("callback_token", form.callback_token),
            ("callback_aes_key", form.callback_aes_key),
        ):
            if value:
                setattr(row, f"{column}_sealed", self.box.seal(value, place=_PLACE.format(column)))
        row.updated_at = self.clock.now()
        row.connection_checked_at = row.connection_failure = None


def _read_edition() -> tuple[Any, ...] | None:
    """Read what changes with every save, without SQLAlchemy's statements: they cost ten times the query."""
    engine = db.engine
    try:
        with closing(engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(_EDITION)
            return cursor.fetchone()
    except engine.dialect.loaded_dbapi.Error as error:
        raise OperationalError(_EDITION, None, error) from error


def _check(form: BindingForm, *, is_first: bool) -> None:
    if not IDENTIFIER.fullmatch(form.corp_id):
        raise FieldFault("corp_id", "identifier")
    if not IDENTIFIER.fullmatch(form.app_key):
        raise FieldFault("app_key", "identifier")
    if form.agent_id and not AGENT_ID.fullmatch(form.agent_id):
        raise FieldFault("agent_id", "number")
    if (is_first and not form.app_secret) or len(form.app_secret) > 128:
        raise FieldFault("app_secret", "missing")
    if (is_first or form.callback_token) and not CALLBACK_TOKEN.fullmatch(form.callback_token):
        raise FieldFault("callback_token", "token_shape")
    if (is_first or form.callback_aes_key) and not AES_KEY.fullmatch(form.callback_aes_key):
        raise FieldFault("callback_aes_key", "aes_key_shape")


def _redacted(row: DingTalkApp | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"corp_id": row.corp_id, "app_key": row.app_key, "agent_id": row.agent_id}


def _replaced(form: BindingForm) -> list[str]:
    return [name for name in ("app_secret", "callback_token", "callback_aes_key") if getattr(form, name)]
