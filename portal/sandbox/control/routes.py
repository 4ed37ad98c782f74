"""The control API: JSON under ``/control``, for tests and demos on the same machine.

Every request needs the header ``X-Sandbox-Control: 1``. ``GET /control`` without it shows this list as a page.

- ``GET /control/state``: app, settings, permissions, subscription, counts
- ``PUT /control/settings``: any of the switches of ``portal.sandbox.settings.Settings``
- ``PUT /control/permissions``: ``{"Workflow.Form.Write": false, ...}``
- ``PUT /control/subscription``: ``{mode, url, aes_key, token, events, types, process_codes}`` without handshake;
  ``POST /control/subscription/save``: the same with the ``check_url`` handshake, answers the verdict;
  ``DELETE /control/subscription``
- ``POST /control/faults``: ``{fault, operation, count, seconds, part}``; ``GET`` lists, ``DELETE`` clears;
  ``part`` says what is wrong under ``wrong_key``, and what ``code_before`` or ``code_after_commit`` answers, such as
  ``"400 needAuth"``, or ``"200 -"`` for an answer without a code
- ``GET /control/instances[?process_code=]``, ``GET /control/instances/<id>``
- ``POST /control/instances/<id>/actions``: ``{person, action, remark, to, mode, activity_id, instead_of}``, action of
  agree, refuse (``instead_of``: whose deputy person is), comment, redirect (``to`` a userid), countersign_before,
  countersign_after (``to`` a userid or several, ``mode`` all or one_by_one), send_back (``activity_id`` of an earlier
  node; none: to the requester), resubmit, withdraw; and of an administrator terminate, delete
- ``GET /control/people``, ``PATCH /control/people/<userid>``: ``{active, manager_userid, department_ids}``
- ``GET /control/templates``, ``PUT /control/templates/<code>/flow``: ``{nodes: [...]}``, a node is ``{rule, name,
  actor, mode, people, range, roles, level, field, when, decision, if_nobody, multi, required}``, all but rule may be
  left out. rule: selected_by_initiator (people preset; range and roles are who may be selected), specified_members,
  matrix, formula (people), direct_supervisor, department_head, consecutive_supervisors (level), role, role_in_levels
  (roles: ids), form_contact, head_of_form_department (field: id or label), initiator; actor: approver, handler,
  notifier; mode: all, any, one_by_one; decision: manual, auto_agree, auto_refuse; if_nobody: pass, admin;
  when: ``{"Level": ["edit"]}``, the values for which the node is on the path;
  ``PATCH /control/templates/<code>``: ``{status, visible_to, requester_may_withdraw, allows_countersigning}``
- ``POST /control/templates``: ``{name, components}`` in the shape of the API's ``formComponents``;
  ``PUT /control/templates/<code>/form``: the same for a template that is there; ``DELETE /control/templates/<code>``;
  ``POST /control/templates/<code>/copy``: ``{name}``
- ``GET /control/calls``: counts by operation and result in this month
- ``GET /control/deliveries``: events with their attempts
- ``GET /control/stream``: the Stream connections; ``POST /control/stream/end``: ``{}`` announces their end,
  ``{"is_planned": false}`` cuts them
- ``POST /control/events``: ``{payload: {...}}`` or ``{envelope: {"encrypt": "..."}}``, sent as it is
- ``GET /control/messages``: work notices with who got them, or the limit that kept them
- ``GET /control/quickbi``: the pretended Quick BI: works with who can open them, and what was given to whom;
  ``PATCH /control/quickbi/works/<id>``: ``{status, security_level}``, ``DELETE`` it;
  ``PATCH /control/quickbi/workspaces/<id>``: ``{allows_sharing}``;
  ``PUT /control/quickbi/groups/<id>``: ``{members}``;
  ``POST /control/quickbi/grants``: ``{work_id, principal, kind, scope, points, menu_id, expires_ms, seconds_ago}``,
  what an administrator gives by hand; faults of its calls are set for ``quickbi.AddWorksAuthorization`` and so on
- ``POST /control/sign-in``: ``{person}``, answers a one-time ``authCode`` as the sign-in page would give
- ``POST /control/reset``: ``{}`` goes back to the first start, ``{"keep_subscription": true}`` all but that
"""

from __future__ import annotations

from flask import Blueprint

from portal.sandbox.control import approvals, messages, organisation, pushes, quickbi, switches, templates
from portal.sandbox.control.guard import ControlRefused, check_caller, refusal


def control_blueprint() -> Blueprint:
    """All of it, behind the guard."""
    blueprint = Blueprint("control", __name__, url_prefix="/control")
    blueprint.before_request(check_caller)
    blueprint.register_error_handler(ControlRefused, refusal)
    for part in (switches, pushes, approvals, templates, organisation, messages, quickbi):
        for rule, methods, view in part.ROUTES:
            blueprint.add_url_rule(rule, view.__name__, view, methods=methods)
    return blueprint
