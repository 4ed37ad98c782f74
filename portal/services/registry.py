"""All services of one running portal, reachable from its Flask app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import current_app

from portal.channels.dingtalk.stream import DingTalkStream
from portal.channels.dingtalk.templates import DingTalkTemplates
from portal.clock import Clock
from portal.grants.quickbi.connection import QuickBIConnection
from portal.services.absences import Absences
from portal.services.approval_settings import ApprovalSettingsService
from portal.services.catalogue.catalogue import Catalogue
from portal.services.catalogue.csv_import import CsvImport
from portal.services.catalogue.quickbi_sync import QuickBISync
from portal.services.catalogue.resource_keeping import ResourceKeeping
from portal.services.decisions.decisions import Decisions
from portal.services.decisions.my_approvals import MyApprovals
from portal.services.decisions.passing_on import PassingOn
from portal.services.dingtalk_app import DingTalkApps
from portal.services.doctor.doctor import Doctor
from portal.services.events.callback_diagnosis import CallbackDiagnosis
from portal.services.events.callback_intake import CallbackIntake
from portal.services.events.event_inbox import EventInbox
from portal.services.events.event_roads import EventRoads
from portal.services.events.failed_pushes import FailedPushList
from portal.services.events.parked_events import ParkedEvents
from portal.services.events.stream_connections import StreamConnections
from portal.services.events.stream_intake import StreamIntake
from portal.services.grants.drift_check import DriftCheck
from portal.services.grants.grant_delivery import GrantDelivery
from portal.services.grants.grant_ends import GrantEnds
from portal.services.grants.grant_tasks import GrantTasks
from portal.services.grants.grant_views import GrantViews
from portal.services.grants.quickbi_settings import QuickBISettings
from portal.services.grants.webhook_settings import WebhookSettings
from portal.services.known_people import KnownPeople
from portal.services.lists.exports import Exports
from portal.services.lists.grant_search import GrantSearch
from portal.services.lists.histories import Histories
from portal.services.lists.saved_views import SavedViews
from portal.services.local_people import LocalPeople
from portal.services.notices.work_notices import WorkNotices
from portal.services.outcomes.gone_instances import GoneInstances
from portal.services.outcomes.syncing import Syncing
from portal.services.pending.acceptance import Acceptances
from portal.services.pending.reminders import Reminders
from portal.services.people import People
from portal.services.request_rules import RequestRules
from portal.services.requests.access_requests import AccessRequests
from portal.services.requests.colleagues import Colleagues
from portal.services.requests.flow_choices import FlowChoices
from portal.services.requests.flow_offers import FlowOffers
from portal.services.requests.prefilling import Prefilling
from portal.services.requests.request_offers import RequestOffers
from portal.services.requests.request_search import RequestSearch
from portal.services.requests.request_submission import RequestSubmission
from portal.services.requests.undecided_resources import UndecidedResources
from portal.services.roles import Roles
from portal.services.sign_in import SignIns
from portal.services.starting.approval_work import ApprovalWork
from portal.services.templates.custom_template import CustomTemplates
from portal.services.templates.template_acceptance import TemplateAcceptance
from portal.services.templates.template_check import TemplateCheck
from portal.services.templates.template_extension import TemplateExtension
from portal.services.templates.template_generation import TemplateGeneration
from portal.services.trials import Trials
from portal.services.work.chores import Chores
from portal.services.work.dingtalk_calls import DingTalkCalls
from portal.services.work.due_work import DueWorkList, WorkKind
from portal.services.work.health import Health
from portal.services.work.in_step import InStep
from portal.services.work.work_figures import WorkFigures
from portal.services.workspace_members import WorkspaceMembers

KEY = "portal.services"


@dataclass(frozen=True, kw_only=True)
class Services:
    """One of each; ``doers`` says what does each kind of due work, given the key of its row."""

    clock: Clock
    people: People
    known_people: KnownPeople
    roles: Roles
    absences: Absences
    workspace_members: WorkspaceMembers
    request_rules: RequestRules
    undecided_resources: UndecidedResources
    sign_ins: SignIns
    local_people: LocalPeople
    dingtalk_apps: DingTalkApps
    templates: DingTalkTemplates
    approval_settings: ApprovalSettingsService
    template_generation: TemplateGeneration
    template_check: TemplateCheck
    template_acceptance: TemplateAcceptance
    custom_templates: CustomTemplates
    template_extension: TemplateExtension
    trials: Trials
    catalogue: Catalogue
    csv_import: CsvImport
    quickbi_sync: QuickBISync
    resource_keeping: ResourceKeeping
    submissions: RequestSubmission
    request_offers: RequestOffers
    prefilling: Prefilling
    flow_offers: FlowOffers
    colleagues: Colleagues
    access_requests: AccessRequests
    acceptances: Acceptances
    reminders: Reminders
    request_search: RequestSearch
    approval_work: ApprovalWork
    decisions: Decisions
    my_approvals: MyApprovals
    passing_on: PassingOn
    chores: Chores
    due_work: DueWorkList
    dingtalk_calls: DingTalkCalls
    flow_choices: FlowChoices
    grant_delivery: GrantDelivery
    grant_ends: GrantEnds
    grant_tasks: GrantTasks
    grant_views: GrantViews
    drift_check: DriftCheck
    doctor: Doctor
    event_roads: EventRoads
    failed_pushes: FailedPushList
    in_step: InStep
    gone_instances: GoneInstances
    syncing: Syncing
    doers: Mapping[WorkKind, Callable[[Any], None]]
    event_inbox: EventInbox
    parked_events: ParkedEvents
    callback_intake: CallbackIntake
    callback_diagnosis: CallbackDiagnosis
    stream: DingTalkStream
    stream_intake: StreamIntake
    stream_connections: StreamConnections
    health: Health
    work_figures: WorkFigures
    work_notices: WorkNotices
    quickbi: QuickBIConnection
    quickbi_settings: QuickBISettings
    webhook_settings: WebhookSettings
    grant_search: GrantSearch
    histories: Histories
    saved_views: SavedViews
    exports: Exports


def services() -> Services:
    """Return the services of the current app."""
    return cast(Services, current_app.extensions[KEY])
