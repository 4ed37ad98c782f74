"""Callback intake: verify, store once, answer. No call to anybody else on this path.

Callbacks that arrive together are taken in together (``SharedCommit``): one look at the binding, one commit. That
saves more than commits: a thread that opens a callback hands the interpreter over at each call into the cipher or
the database, and eight threads doing so at once spend half their time on waking each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from portal.channels.callback_refusals import CallbackRefused, RefusalReason
from portal.channels.dingtalk.callback import OpenedCallback, open_callback, success_answer
from portal.channels.dingtalk.connection import Binding
from portal.clock import Clock
from portal.database import core_transaction
from portal.models import DingTalkApp
from portal.models.callback_event import EventRoad
from portal.secret_box import SecretUnreadable
from portal.services.dingtalk_app import BindingStore
from portal.services.events.event_rows import NewEvent, store_events
from portal.services.events.refusal_tally import Refusal, tally_refusals
from portal.services.events.shared_commit import SharedCommit

log = structlog.get_logger(__name__)

LARGEST_BODY_BYTES = 256 * 1024


class CallbackIntake:
    """Takes callbacks in."""

    def __init__(self, *, clock: Clock, bindings: BindingStore) -> None:
        self.clock = clock
        self.bindings = bindings
        self._together = SharedCommit(self._take_in)

    def receive(self, *, query: Mapping[str, str], body: bytes, address: str) -> dict[str, str]:
        """Store one callback under its unique key and return the encrypted ``success``.

        A repeated event is answered like the first and changes nothing. A refusal is counted by the hour, with
        when and from where the last few came. Raises ``CallbackRefused``; with ``NOT_STORED`` DingTalk must be
        told to send again.
        """
        callback = _Callback(query=query, body=body, address=address, received_at=self.clock.now())
        try:
            self._together.store(callback)
        except SQLAlchemyError as error:
            if callback.refused is None:
                log.error("callback.not_stored", error=type(error).__name__)
                raise CallbackRefused(RefusalReason.NOT_STORED) from error
            log.error(
                "callback.not_tallied", error=type(error).__name__, reason=callback.refused.reason.value
            )
        if callback.refused is not None:
            raise callback.refused
        return callback.answer

    def _take_in(self, callbacks: Sequence[_Callback]) -> None:
        """Open all, commit all, and only then seal what they are answered: the same word at the same moment."""
        binding, obstacle = self._binding()
        for each in callbacks:
            each.open(binding, obstacle)
        _commit(callbacks)
        if binding is not None:
            _answer(callbacks, binding)

    def _binding(self) -> tuple[Binding | None, RefusalReason]:
        """Return the binding, and why there is none."""
        try:
            return self.bindings.read(), RefusalReason.NOT_BOUND
        except SecretUnreadable:
            return None, RefusalReason.SECRETS_UNREADABLE


@dataclass(kw_only=True)
class _Callback:
    """What arrived, and then what became of it: ``opened`` and answered, or ``refused``."""

    query: Mapping[str, str]
    body: bytes
    address: str
    received_at: datetime
    opened: OpenedCallback | None = None
    refused: CallbackRefused | None = None
    answer: dict[str, str] = field(default_factory=dict)

    def open(self, binding: Binding | None, obstacle: RefusalReason) -> None:
        self.opened = self.refused = None
        try:
            if len(self.body) > LARGEST_BODY_BYTES:
                raise CallbackRefused(RefusalReason.TOO_LARGE)
            if binding is None:
                raise CallbackRefused(obstacle)
            self.opened = open_callback(binding, query=self.query, body=self.body)
        except CallbackRefused as refused:
            self.refused = refused


def _commit(callbacks: Sequence[_Callback]) -> None:
    events: list[NewEvent] = []
    address_checks: list[datetime] = []
    refusals: list[Refusal] = []
    for each in callbacks:
        if each.refused is not None:
            refusals.append(Refusal(each.refused.reason, at=each.received_at, address=each.address))
        elif each.opened is not None and each.opened.is_address_check:
            if not each.opened.is_own_check:
                address_checks.append(each.received_at)
        elif each.opened is not None:
            events.append(NewEvent.of(each.opened, road=EventRoad.CALLBACK, received_at=each.received_at))
    with core_transaction() as connection:
        store_events(connection, events)
        if address_checks:
            connection.execute(update(DingTalkApp).values(check_url_at=max(address_checks)))
        tally_refusals(connection, refusals)


def _answer(callbacks: Sequence[_Callback], binding: Binding) -> None:
    answers: dict[str, dict[str, str]] = {}
    for each in callbacks:
        if each.opened is None:
            continue
        owner_key = each.opened.owner_key
        if owner_key not in answers:
            answers[owner_key] = success_answer(binding, owner_key=owner_key)
        each.answer = answers[owner_key]
