"""Quick BI as a grant target: reads before it writes, never shortens, proves by reading back, removes only ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.channels.failures import Retry
from portal.clock import Clock
from portal.grants.grant_target import Delivered, Finding, Found, GrantOrder, TargetError
from portal.grants.manual import GIVEN_AT, ManualTarget
from portal.grants.quickbi.conditions import check_conditions
from portal.grants.quickbi.connection import QuickBIConnection, in_our_words
from portal.grants.quickbi.holdings import best_of_others, held_before, is_ours, to_keep
from portal.grants.quickbi.levels import Held, Wanted, wanted_of
from portal.grants.quickbi.options import QuickBIOptions, WhenNotSettled
from portal.grants.quickbi.refusals import Refusal, refusal
from portal.grants.quickbi.ways import NOT_WORKS, Way, way_of
from portal.quickbi.client import QuickBI
from portal.quickbi.failures import FailureClass, QuickBIError

# What Quick BI documents no call or no value for; an admin may have such grants given by hand.
NOT_SETTLED = frozenset({Refusal.LEVEL_NOT_SETTLED, Refusal.PORTAL_EDIT})
ORGANISATION, WORKSPACE = 2, 3


@dataclass(frozen=True, kw_only=True)
class _Task:
    """One order with all that is needed to carry it out."""

    client: QuickBI
    options: QuickBIOptions
    way: Way
    wanted: Wanted
    user_id: str

    def read(self) -> list[Held]:
        with in_our_words():
            return self.way.read(self.client, self.user_id)


@dataclass(frozen=True, kw_only=True)
class QuickBITarget:
    """Fills the port of grant targets; ``clock`` says what has ended."""

    connection: QuickBIConnection
    clock: Clock

    def deliver(self, order: GrantOrder) -> Delivered:
        """Give at least what is ordered. Facts tell who it was for, by which way, and whether we gave it."""
        if GIVEN_AT in order.known:
            return ManualTarget().deliver(order)
        try:
            task = self._task(order)
        except TargetError as error:
            return self._by_hand_or_raise(order, error)
        if order.expires_at is not None and order.expires_at <= self.clock.now():
            raise refusal(Refusal.ENDED_BEFORE_DELIVERY)
        with in_our_words(resource=order.resource_name):
            changed = check_conditions(task.client, order, task.options)
        held = self._in_effect(task.read())
        facts: dict[str, Any] = {**_told(task), **changed}
        covering = [each for each in held if each.covers(task.wanted)]
        if covering or _is_higher_by_hand(held, order, task):
            return Delivered(facts=facts | _already_held(covering, held, order, task.options))
        before = order.known.get("before") or to_keep(held, order, task.options)
        with in_our_words(resource=order.resource_name):
            facts |= task.way.give(task.client, task.user_id, task.wanted)
        self._prove_given(task)
        return Delivered(facts=facts | {"is_ours": True, "before": before})

    def remove(self, order: GrantOrder) -> Delivered:
        """Take away what we gave, and leave or give again what others of ours and earlier hands give."""
        if GIVEN_AT in order.known:
            return ManualTarget().remove(order)
        try:
            task = self._task(order)
        except TargetError as error:
            if error.failure.kind in NOT_SETTLED:
                return Delivered(facts=order.known)  # nothing was ever sent
            raise
        now = self.clock.now()
        facts: dict[str, Any] = {**order.known, **_told(task)}
        direct = [each for each in self._in_effect(task.read()) if each.is_direct]
        if direct and not any(is_ours(each, order, task.options) for each in direct):
            return Delivered(facts=facts | {"is_left": "not ours"})
        remaining = _better(best_of_others(order, task.options, now=now), held_before(order, now=now))
        if direct and not (remaining and all((each.points or 0) <= remaining.points for each in direct)):
            self._take(task, order)
            direct = []
        if remaining is not None and not direct:
            with in_our_words(resource=order.resource_name):
                task.way.give(task.client, task.user_id, remaining)
        return Delivered(facts=facts | self._what_is_left(task, order))

    def check(self, order: GrantOrder) -> Found:
        """Compare; of access that has ended, ``MISSING`` is as it should be."""
        if GIVEN_AT in order.known:
            return ManualTarget().check(order)
        try:
            task = self._task(order)
        except TargetError as error:
            if error.failure.kind in NOT_SETTLED:
                return Found(finding=Finding.CANNOT_TELL, facts={"reason": error.failure.kind})
            raise
        held, facts = self._in_effect(task.read()), _told(task)
        has_ended = order.expires_at is not None and order.expires_at <= self.clock.now()
        if has_ended:
            ours = [each for each in held if is_ours(each, order, task.options)]
            is_wanted = best_of_others(order, task.options, now=self.clock.now()) is not None
            return Found(
                finding=Finding.STILL_THERE if ours and not is_wanted else Finding.MISSING, facts=facts
            )
        if any(each.covers(task.wanted) for each in held):
            return Found(finding=Finding.AS_WANTED, facts=facts | self._readable(task, order))
        if any(each.reaches(task.wanted) for each in held):
            return Found(finding=Finding.ENDS_EARLIER, facts=facts)
        return Found(finding=Finding.LESS if held else Finding.MISSING, facts=facts)

    def _task(self, order: GrantOrder) -> _Task:
        binding = self.connection.binding()
        way = way_of(order, binding.options)
        wanted = wanted_of(order.entitlement, ends_at=order.expires_at, options=binding.options)
        client = self.connection.client()
        user_id = order.known.get("user_id") or self._person(client, order)
        return _Task(client=client, options=binding.options, way=way, wanted=wanted, user_id=user_id)

    def _person(self, client: QuickBI, order: GrantOrder) -> str:
        found = None
        if order.person_union_id:
            with in_our_words(person=order.person_name):
                found = client.user_by_dingtalk_union_id(order.person_union_id)
        if not found:
            raise refusal(Refusal.PERSON_NOT_BOUND, person=order.person_name)
        return found

    def _by_hand_or_raise(self, order: GrantOrder, error: TargetError) -> Delivered:
        if error.failure.kind not in NOT_SETTLED:
            raise error
        if self.connection.options().when_not_settled != WhenNotSettled.BY_HAND:
            raise error
        by_hand = ManualTarget().deliver(order)
        return Delivered(doing=by_hand.doing, facts={**by_hand.facts, "reason": error.failure.kind})

    def _in_effect(self, held: Sequence[Held]) -> list[Held]:
        now = self.clock.now()
        return [each for each in held if each.ends_at is None or each.ends_at > now]

    def _prove_given(self, task: _Task) -> None:
        if not any(each.covers(task.wanted) for each in self._in_effect(task.read())):
            raise refusal(Refusal.NOT_SEEN_AFTERWARDS, retry=Retry.RETRYABLE)

    def _take(self, task: _Task, order: GrantOrder) -> None:
        try:
            task.way.take(task.client, task.user_id)
        except QuickBIError as error:
            with in_our_words(
                resource=order.resource_name, person=order.person_name, through=_through(error)
            ):
                raise
        if any(each.is_direct for each in self._in_effect(task.read())):
            raise refusal(Refusal.STILL_OPEN_AFTERWARDS, retry=Retry.RETRYABLE)

    def _what_is_left(self, task: _Task, order: GrantOrder) -> dict[str, Any]:
        inherited = [each for each in self._in_effect(task.read()) if not each.is_direct]
        if not inherited:
            return self._readable(task, order)
        names = {ORGANISATION: "organisation", WORKSPACE: "workspace"}
        return {"is_inherited_from": names.get(inherited[0].scope, "group")} | self._readable(task, order)

    def _readable(self, task: _Task, order: GrantOrder) -> dict[str, Any]:
        """Whether the person can open it by whatever road; datasets and data sources cannot be asked."""
        if order.resource_type in NOT_WORKS:
            return {}
        with in_our_words(resource=order.resource_name):
            return {"can_open": task.client.check_readable(order.resource_id, user_id=task.user_id)}


def _is_higher_by_hand(held: Sequence[Held], order: GrantOrder, task: _Task) -> bool:
    """Whether somebody else gave more, though not as long: what we would write might lower it."""
    return any(
        each.is_direct
        and each.points is not None
        and each.points > task.wanted.points
        and not is_ours(each, order, task.options)
        for each in held
    )


def _already_held(
    covering: Sequence[Held], held: Sequence[Held], order: GrantOrder, options: QuickBIOptions
) -> dict[str, Any]:
    return {
        "is_ours": any(is_ours(each, order, options) for each in covering),
        "was_held_already": True,
        "before": order.known.get("before") or to_keep(held, order, options),
    }


def _better(one: Wanted | None, other: Wanted | None) -> Wanted | None:
    found = [each for each in (one, other) if each is not None]
    return max(found, key=lambda each: (each.points, each.end), default=None)


def _told(task: _Task) -> dict[str, Any]:
    return {"user_id": task.user_id, "way": task.way.name}


def _through(error: QuickBIError) -> str:
    """The group that Quick BI names as the reason why access cannot be taken from one person."""
    if error.failure != FailureClass.INHERITED_FROM_GROUP:
        return ""
    return error.message.rpartition(":")[2].strip().rstrip(".")
