"""Every place between two steps of a request's life where a process can die, and how a story is brought there.

Exchanges are held in a door (tests/durability/door.py); commits are held by a lock of the test's own. So what had
happened at the kill is certain and no matter of timing.

| boundary | who works there | what has happened |
|---|---|---|
| form_arrived | web | the form is being stored; nothing is committed |
| form_committed | web | the request is committed; the person has no answer |
| request_not_taken | worker | committed, and nobody has taken it up |
| start_claimed | worker | ``starting`` is committed; DingTalk knows nothing |
| flow_forecast | worker | the flow is forecast; nothing is created |
| create_sent | worker | the create call is on its way, and never arrives |
| instance_created | worker | DingTalk has the instance; we do not know its id |
| start_not_committed | worker | we know the id; the commit is still to come |
| started | worker | the instance is adopted |
| search_begun | worker | the answer to the create call was lost; the search is on its way |
| search_answered | worker | the search has found an id; the details are not read |
| find_not_committed | worker | the instance is found; the commit is still to come |
| event_sent | web | an event is on its way |
| event_not_committed | web | an event is being stored |
| event_not_answered | web | the event is committed; DingTalk has no ``success`` |
| event_not_sorted | worker | the event is in the inbox |
| read_sent | worker | the event has woken its approval; the detail is not read |
| read_answered | worker | DingTalk has told the outcome; we have not heard it |
| outcome_not_committed | worker | we have heard the outcome; the commit is still to come |
| outcome_committed | worker | the outcome stands |
| withdrawal_not_committed | web | a withdrawal is being stored |
| withdrawal_committed | web | the withdrawal is promised; the person has no answer |
| withdrawal_sent | worker | DingTalk is about to be told |
| withdrawn_in_dingtalk | worker | DingTalk has withdrawn it; we do not know |
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from portal.services.work.retry_pauses import WITHDRAWAL_WAIT
from tests.durability.door import Hold, Moment, Step
from tests.durability.running_portal import Victim
from tests.durability.story import Story

# Time for a process to come to the commit that the test keeps it from: how far it comes changes nothing.
TO_THE_COMMIT_SECONDS = 0.3

Reach = Callable[[Story, ExitStack], None]


def form_arrived(story: Story, held: ExitStack) -> None:
    held.enter_context(story.portal.held_database("portal_access_request"))
    story.submit_in_background()
    time.sleep(TO_THE_COMMIT_SECONDS)


def form_committed(story: Story, held: ExitStack) -> None:
    hold = story.portal.to_portal.hold(Step.SUBMIT, Moment.ANSWERED)
    story.submit_in_background()
    hold.wait()


def request_not_taken(story: Story, held: ExitStack) -> None:
    story.portal.kill(Victim.WORKER)
    story.submit()


def start_claimed(story: Story, held: ExitStack) -> None:
    _on_the_way_to_start(story, Step.FORECAST, Moment.ASKED)


def flow_forecast(story: Story, held: ExitStack) -> None:
    _on_the_way_to_start(story, Step.FORECAST, Moment.ANSWERED)


def create_sent(story: Story, held: ExitStack) -> None:
    _on_the_way_to_start(story, Step.START, Moment.ASKED)


def instance_created(story: Story, held: ExitStack) -> None:
    _on_the_way_to_start(story, Step.START, Moment.ANSWERED)


def start_not_committed(story: Story, held: ExitStack) -> None:
    answer = _on_the_way_to_start(story, Step.START, Moment.ANSWERED)
    _let_go_but_not_commit(story, held, answer)


def started(story: Story, held: ExitStack) -> None:
    story.submit()
    story.portal.wait_for(story.number, "pending")


def search_begun(story: Story, held: ExitStack) -> None:
    search = _searching(story, Step.SEARCH, Moment.ASKED)
    search.wait()


def search_answered(story: Story, held: ExitStack) -> None:
    search = _searching(story, Step.SEARCH, Moment.ANSWERED)
    search.wait()


def find_not_committed(story: Story, held: ExitStack) -> None:
    read = _searching(story, Step.READ, Moment.ANSWERED)
    read.wait()
    _let_go_but_not_commit(story, held, read)


def event_sent(story: Story, held: ExitStack) -> None:
    _event_on_its_way(story, Moment.ASKED)


def event_not_committed(story: Story, held: ExitStack) -> None:
    event = _event_on_its_way(story, Moment.ASKED)
    held.enter_context(story.portal.held_database("portal_callback_event"))
    event.release()
    time.sleep(TO_THE_COMMIT_SECONDS)


def event_not_answered(story: Story, held: ExitStack) -> None:
    _event_on_its_way(story, Moment.ANSWERED)


def event_not_sorted(story: Story, held: ExitStack) -> None:
    story.start()
    story.portal.kill(Victim.WORKER)
    story.agree()
    story.portal.wait_until_all_is_told()


def read_sent(story: Story, held: ExitStack) -> None:
    _reading(story, Moment.ASKED)


def read_answered(story: Story, held: ExitStack) -> None:
    _reading(story, Moment.ANSWERED)


def outcome_not_committed(story: Story, held: ExitStack) -> None:
    answer = _reading(story, Moment.ANSWERED)
    _let_go_but_not_commit(story, held, answer)


def outcome_committed(story: Story, held: ExitStack) -> None:
    story.start()
    story.agree()
    story.portal.wait_for(story.number, "approved")


def withdrawal_not_committed(story: Story, held: ExitStack) -> None:
    story.start()
    held.enter_context(story.portal.held_database("portal_approval"))
    story.withdraw_in_background()
    time.sleep(TO_THE_COMMIT_SECONDS)


def withdrawal_committed(story: Story, held: ExitStack) -> None:
    story.start()
    answer = story.portal.to_portal.hold(Step.ASK_TO_WITHDRAW, Moment.ANSWERED)
    story.withdraw_in_background()
    answer.wait()


def withdrawal_sent(story: Story, held: ExitStack) -> None:
    _withdrawing(story, Moment.ASKED)


def withdrawn_in_dingtalk(story: Story, held: ExitStack) -> None:
    _withdrawing(story, Moment.ANSWERED)


WEB_BOUNDARIES: tuple[Reach, ...] = (
    form_arrived,
    form_committed,
    event_sent,
    event_not_committed,
    event_not_answered,
    withdrawal_not_committed,
    withdrawal_committed,
)
WORKER_BOUNDARIES: tuple[Reach, ...] = (
    request_not_taken,
    start_claimed,
    flow_forecast,
    create_sent,
    instance_created,
    start_not_committed,
    started,
    search_begun,
    search_answered,
    find_not_committed,
    event_not_sorted,
    read_sent,
    read_answered,
    outcome_not_committed,
    outcome_committed,
    withdrawal_sent,
    withdrawn_in_dingtalk,
)
BOUNDARIES = (*WEB_BOUNDARIES, *WORKER_BOUNDARIES)


def _on_the_way_to_start(story: Story, step: Step, moment: Moment) -> Hold:
    hold = story.portal.to_dingtalk.hold(step, moment, containing=story.mark)
    story.submit()
    hold.wait()
    return hold


def _searching(story: Story, step: Step, moment: Moment) -> Hold:
    created = _on_the_way_to_start(story, Step.START, Moment.ANSWERED)
    instance = story.instance()
    assert instance is not None
    containing = instance["instance_id"] if step == Step.READ else ""
    hold = story.portal.to_dingtalk.hold(step, moment, containing=containing)
    created.cut()
    story.portal.wait_for(story.number, "start_unknown")
    story.portal.let_pause_pass(story.number)
    return hold


def _event_on_its_way(story: Story, moment: Moment) -> Hold:
    story.start()
    event = story.portal.to_portal.hold(Step.CALLBACK, moment)
    story.agree()
    event.wait()
    return event


def _reading(story: Story, moment: Moment) -> Hold:
    instance_id = story.start()
    read = story.portal.to_dingtalk.hold(Step.READ, moment, containing=instance_id)
    story.agree()
    read.wait()
    return read


def _withdrawing(story: Story, moment: Moment) -> None:
    instance_id = story.start()
    story.portal.make_older(story.number, by=WITHDRAWAL_WAIT)
    told = story.portal.to_dingtalk.hold(Step.WITHDRAW, moment, containing=instance_id)
    story.withdraw_in_background()
    told.wait()


def _let_go_but_not_commit(story: Story, held: ExitStack, answer: Hold) -> None:
    held.enter_context(story.portal.held_database("portal_approval"))
    answer.release()
    time.sleep(TO_THE_COMMIT_SECONDS)
