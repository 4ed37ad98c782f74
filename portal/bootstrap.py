"""Composition root: from settings to clients, channels and services. The only module that knows every layer."""

from __future__ import annotations

from portal.channels.approval_channel import ChannelName
from portal.channels.dingtalk.approvals import DingTalkApprovals
from portal.channels.dingtalk.connection import DingTalkConnection
from portal.channels.dingtalk.failed_pushes import DingTalkFailedPushes
from portal.channels.dingtalk.flow_rules_reading import DingTalkFlowRules
from portal.channels.dingtalk.notices import DingTalkNotices
from portal.channels.dingtalk.people import DingTalkPeople
from portal.channels.dingtalk.stream import DingTalkStream
from portal.channels.dingtalk.templates import DingTalkTemplates
from portal.clock import Clock
from portal.dingtalk.client import Endpoints
from portal.grants.grant_target import GrantTarget, TargetName
from portal.grants.manual import ManualTarget
from portal.grants.quickbi.catalogue import QuickBICatalogue
from portal.grants.quickbi.connection import QuickBIConnection
from portal.grants.quickbi.target import QuickBITarget
from portal.grants.webhook.address import AddressRules
from portal.grants.webhook.target import WebhookTarget, authorities
from portal.migrating import migration_head
from portal.secret_box import SecretBox
from portal.services.absences import Absences
from portal.services.approval_settings import ApprovalSettingsService
from portal.services.catalogue.catalogue import Catalogue
from portal.services.catalogue.csv_import import CsvImport
from portal.services.catalogue.quickbi_sync import QuickBISync
from portal.services.catalogue.resource_keeping import ResourceKeeping
from portal.services.decisions.decisions import Decisions
from portal.services.decisions.my_approvals import MyApprovals
from portal.services.decisions.passing_on import PassingOn
from portal.services.dingtalk_app import BindingStore, DingTalkApps
from portal.services.doctor.making import make_doctor
from portal.services.events.callback_diagnosis import CallbackDiagnosis
from portal.services.events.callback_intake import CallbackIntake
from portal.services.events.event_inbox import EventInbox
from portal.services.events.event_roads import EventRoads
from portal.services.events.failed_pushes import FailedPushList
from portal.services.events.parked_events import ParkedEvents
from portal.services.events.payload_retention import PayloadRetention
from portal.services.events.stream_connections import StreamConnections
from portal.services.events.stream_intake import StreamIntake
from portal.services.grants.drift_check import DriftCheck
from portal.services.grants.end_notices import EndNotices
from portal.services.grants.expiry import Expiry
from portal.services.grants.grant_delivery import GrantDelivery
from portal.services.grants.grant_ends import GrantEnds
from portal.services.grants.grant_tasks import GrantTasks
from portal.services.grants.grant_views import GrantViews
from portal.services.grants.quickbi_settings import QuickBISettings
from portal.services.grants.quickbi_store import QuickBIStore
from portal.services.grants.webhook_settings import WebhookSettings
from portal.services.grants.webhook_store import WebhookStore
from portal.services.known_people import KnownPeople
from portal.services.lists.exports import Exports
from portal.services.lists.grant_search import GrantSearch
from portal.services.lists.histories import Histories
from portal.services.lists.saved_views import SavedViews
from portal.services.local_people import LocalPeople
from portal.services.notices.work_notices import WorkNotices
from portal.services.outcomes.gone_instances import GoneInstances
from portal.services.outcomes.outcomes import Outcomes
from portal.services.outcomes.running_approvals import RunningApprovals
from portal.services.outcomes.sweep import Sweep
from portal.services.outcomes.syncing import Syncing
from portal.services.pending.acceptance import Acceptances
from portal.services.pending.escalation import Escalation
from portal.services.pending.lapsing import Lapsing
from portal.services.pending.reminders import Reminders
from portal.services.people import People
from portal.services.registry import Services
from portal.services.request_rules import RequestRules
from portal.services.requests.access_requests import AccessRequests
from portal.services.requests.approver_choice import ApproverChoices
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
from portal.services.starting.instance_adoption import InstanceAdoption
from portal.services.starting.instance_search import InstanceSearch
from portal.services.starting.lost_starts import LostStarts
from portal.services.starting.stray_instances import StrayInstances
from portal.services.starting.unstarted_resumption import Resumption
from portal.services.templates.custom_template import CustomTemplates
from portal.services.templates.flow_rule_telling import FlowRuleTelling
from portal.services.templates.template_acceptance import TemplateAcceptance
from portal.services.templates.template_check import TemplateCheck
from portal.services.templates.template_extension import TemplateExtension
from portal.services.templates.template_generation import TemplateGeneration
from portal.services.trials import Trials
from portal.services.work.call_permits import CallPermits
from portal.services.work.chores import ChoreName, Chores
from portal.services.work.dingtalk_calls import DingTalkCalls
from portal.services.work.due_work import DueWorkList, WorkKind
from portal.services.work.health import Health
from portal.services.work.in_step import InStep
from portal.services.work.work_figures import WorkFigures
from portal.services.workspace_members import WorkspaceMembers
from portal.settings import Settings

# People wait for these answers; DingTalk's servers are expected to give them within 3 s.
DIRECTORY_TIMEOUT_SECONDS = 4.0


def build_services(settings: Settings, clock: Clock) -> Services:
    """Wire one portal together."""
    box = SecretBox(settings.secret_key)
    bindings = BindingStore(box)
    endpoints = Endpoints(api_url=settings.dingtalk.api, oapi_url=settings.dingtalk.oapi)
    calls = DingTalkCalls(clock=clock)
    permits = CallPermits(limit=settings.dingtalk_calls_per_second, is_shared=not settings.is_sqlite)
    connection = DingTalkConnection(
        endpoints=endpoints, read_binding=bindings.read, on_call=calls.tally, permit=permits.hold
    )
    waited_for = DingTalkConnection(
        endpoints=endpoints,
        read_binding=bindings.read,
        read_timeout_seconds=DIRECTORY_TIMEOUT_SECONDS,
        on_call=calls.tally,
        permit=permits.hold,
    )
    directory = DingTalkPeople(waited_for, login_url=settings.dingtalk.login)
    templates = DingTalkTemplates(connection, oa_url=settings.dingtalk.oa)
    telling = FlowRuleTelling(channel=DingTalkFlowRules(connection))
    custom_templates = CustomTemplates(
        clock=clock,
        connection=connection,
        templates=templates,
        telling=telling,
        public_url=settings.public_url,
    )
    people = People(clock=clock, directory=directory)
    sign_ins = SignIns(clock=clock, people=directory)
    approvers = ApproverChoices(people=people)
    escalation = Escalation(clock=clock, approvers=approvers, public_url=settings.public_url)
    outcomes = Outcomes(clock=clock, people=people, escalation=escalation)
    event_inbox = EventInbox(clock=clock)
    channels = {ChannelName.DINGTALK: DingTalkApprovals(connection, applink_url=settings.dingtalk.applink)}
    adoption = InstanceAdoption(clock=clock, inbox=event_inbox, outcomes=outcomes)
    approval_work = ApprovalWork(
        clock=clock,
        channels=channels,
        people=people,
        outcomes=outcomes,
        running=RunningApprovals(clock=clock, outcomes=outcomes),
        adoption=adoption,
        lost=LostStarts(clock=clock, search=InstanceSearch(clock=clock), adoption=adoption),
    )
    strays = StrayInstances(clock=clock, channels=channels, adoption=adoption, inbox=event_inbox)
    resumption = Resumption(public_url=settings.public_url)
    approval_settings = ApprovalSettingsService(clock=clock, people=people, resumption=resumption)
    retention = PayloadRetention(clock=clock, approval_settings=approval_settings)
    health = Health(clock=clock, migration_head=migration_head())
    roads = EventRoads(clock=clock)
    sweep = Sweep(clock=clock, calls=calls, roads=roads)
    failed_pushes = FailedPushList(
        clock=clock, channel=DingTalkFailedPushes(connection), calls=calls, roads=roads, sweep=sweep
    )
    stream_connections = StreamConnections(clock=clock, bindings=bindings)
    diagnosis = CallbackDiagnosis(clock=clock, stream=stream_connections)
    template_check = TemplateCheck(
        clock=clock,
        templates=templates,
        telling=telling,
        calls=calls,
        resumption=resumption,
        public_url=settings.public_url,
    )
    webhook_store = WebhookStore(clock=clock, box=box)
    webhook = WebhookTarget(
        read_connection=webhook_store.read,
        clock=clock,
        rules=AddressRules(networks=settings.webhook_networks),
        bundle=authorities(),
    )
    quickbi = QuickBIConnection(read_binding=QuickBIStore(box=box).read)
    quickbi_sync = QuickBISync(clock=clock, catalogue=QuickBICatalogue(quickbi))
    targets: dict[TargetName, GrantTarget] = {
        TargetName.MANUAL: ManualTarget(),
        TargetName.WEBHOOK: webhook,
        TargetName.QUICKBI: QuickBITarget(connection=quickbi, clock=clock),
    }
    grant_delivery = GrantDelivery(clock=clock, targets=targets)
    drift_check = DriftCheck(clock=clock, targets=targets)
    chores = Chores(
        clock=clock,
        tasks={
            ChoreName.CHECK_TEMPLATE: template_check.go_round,
            ChoreName.DRAIN_FAILED_PUSHES: failed_pushes.drain,
            ChoreName.PRUNE_PAYLOADS: retention.prune,
            ChoreName.SWEEP: sweep.go_round,
            ChoreName.SYNC_CATALOGUE: quickbi_sync.go_round,
            ChoreName.EXPIRE_GRANTS: Expiry(clock=clock).go_round,
            ChoreName.ANNOUNCE_ENDS: EndNotices(clock=clock).go_round,
            ChoreName.CHECK_GRANTS: drift_check.go_round,
            ChoreName.ESCALATE: escalation.go_round,
            ChoreName.LAPSE: Lapsing(clock=clock).go_round,
        },
    )
    flow_choices = FlowChoices(
        people=people,
        forecasts=DingTalkApprovals(waited_for, applink_url=settings.dingtalk.applink),
    )
    flow_offers = FlowOffers(clock=clock, flow_choices=flow_choices)
    colleagues = Colleagues(people=people)
    access_requests = AccessRequests(
        clock=clock, approvers=approvers, flow_choices=flow_choices, public_url=settings.public_url
    )
    work_notices = WorkNotices(
        clock=clock, channel=DingTalkNotices(connection), public_url=settings.public_url
    )
    return Services(
        clock=clock,
        people=people,
        known_people=KnownPeople(),
        roles=Roles(clock=clock),
        absences=Absences(clock=clock),
        workspace_members=WorkspaceMembers(clock=clock),
        request_rules=RequestRules(clock=clock),
        undecided_resources=UndecidedResources(clock=clock),
        sign_ins=sign_ins,
        local_people=LocalPeople(clock=clock, sign_ins=sign_ins),
        dingtalk_apps=DingTalkApps(clock=clock, box=box, connection=connection, people=directory),
        templates=templates,
        approval_settings=approval_settings,
        template_check=template_check,
        template_acceptance=TemplateAcceptance(
            clock=clock, template_check=template_check, resumption=resumption
        ),
        template_generation=TemplateGeneration(clock=clock, connection=connection, templates=templates),
        custom_templates=custom_templates,
        template_extension=TemplateExtension(
            clock=clock, templates=templates, custom_templates=custom_templates
        ),
        trials=Trials(clock=clock, people=people, public_url=settings.public_url),
        catalogue=Catalogue(),
        csv_import=CsvImport(clock=clock),
        quickbi_sync=quickbi_sync,
        resource_keeping=ResourceKeeping(clock=clock, people=people),
        submissions=RequestSubmission(
            clock=clock,
            approvers=approvers,
            flow_choices=flow_choices,
            flow_offers=flow_offers,
            colleagues=colleagues,
            public_url=settings.public_url,
        ),
        request_offers=RequestOffers(clock=clock, approvers=approvers),
        prefilling=Prefilling(),
        flow_offers=flow_offers,
        colleagues=colleagues,
        access_requests=access_requests,
        acceptances=Acceptances(clock=clock, approvers=approvers),
        reminders=Reminders(clock=clock),
        request_search=RequestSearch(clock=clock),
        approval_work=approval_work,
        decisions=Decisions(clock=clock),
        my_approvals=MyApprovals(clock=clock),
        passing_on=PassingOn(clock=clock),
        chores=chores,
        due_work=DueWorkList(clock=clock, calls=calls),
        dingtalk_calls=calls,
        flow_choices=flow_choices,
        grant_delivery=grant_delivery,
        grant_ends=GrantEnds(clock=clock),
        grant_tasks=GrantTasks(clock=clock),
        grant_views=GrantViews(clock=clock),
        drift_check=drift_check,
        doctor=make_doctor(
            settings,
            clock=clock,
            connection=waited_for,
            template_check=template_check,
            health=health,
            calls=calls,
            diagnosis=diagnosis,
            roads=roads,
            stream=stream_connections,
            quickbi=QuickBIConnection(
                read_binding=QuickBIStore(box=box).read, timeout_seconds=DIRECTORY_TIMEOUT_SECONDS
            ),
        ),
        event_roads=roads,
        failed_pushes=failed_pushes,
        in_step=InStep(clock=clock, health=health, roads=roads, calls=calls),
        gone_instances=GoneInstances(clock=clock),
        syncing=Syncing(clock=clock, requests=access_requests, calls=calls, chores=chores),
        doers={
            WorkKind.APPROVAL: approval_work.advance,
            WorkKind.STRAY_INSTANCE: strays.settle,
            WorkKind.CHORE: chores.do,
            WorkKind.NOTICE: work_notices.deliver,
            WorkKind.GRANTS: grant_delivery.advance_lot,
        },
        event_inbox=event_inbox,
        parked_events=ParkedEvents(clock=clock, inbox=event_inbox),
        callback_intake=CallbackIntake(clock=clock, bindings=bindings),
        callback_diagnosis=diagnosis,
        stream=DingTalkStream(connection),
        stream_intake=StreamIntake(clock=clock, bindings=bindings),
        stream_connections=stream_connections,
        health=health,
        work_figures=WorkFigures(clock=clock, health=health),
        work_notices=work_notices,
        grant_search=GrantSearch(),
        histories=Histories(),
        saved_views=SavedViews(clock=clock),
        exports=Exports(clock=clock),
        quickbi=quickbi,
        quickbi_settings=QuickBISettings(clock=clock, box=box, connection=quickbi),
        webhook_settings=WebhookSettings(clock=clock, store=webhook_store, target=webhook),
    )
