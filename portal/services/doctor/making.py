"""Puts the doctor together from what the rest of the portal is made of."""

from __future__ import annotations

from portal.channels.dingtalk.connection import DingTalkConnection
from portal.channels.dingtalk.probes import Probes
from portal.clock import Clock
from portal.grants.quickbi.connection import QuickBIConnection
from portal.services.doctor.address_checks import AddressChecks
from portal.services.doctor.all_checks import in_order
from portal.services.doctor.app_checks import AppChecks
from portal.services.doctor.approver_checks import ApproverChecks
from portal.services.doctor.callback_address import CallbackAddressCheck
from portal.services.doctor.database_checks import DatabaseChecks
from portal.services.doctor.deployment_checks import DeploymentChecks
from portal.services.doctor.doctor import Doctor
from portal.services.doctor.event_checks import EventChecks
from portal.services.doctor.limits import Limits
from portal.services.doctor.quickbi_checks import QuickBIChecks
from portal.services.doctor.quota_checks import QuotaChecks
from portal.services.doctor.template_checks import TemplateChecks
from portal.services.events.callback_diagnosis import CallbackDiagnosis
from portal.services.events.event_roads import EventRoads
from portal.services.events.stream_connections import StreamConnections
from portal.services.requests.undecided_resources import UndecidedResources
from portal.services.templates.template_check import TemplateCheck
from portal.services.work.dingtalk_calls import DingTalkCalls
from portal.services.work.health import Health
from portal.settings import Settings


def make_doctor(
    settings: Settings,
    *,
    clock: Clock,
    connection: DingTalkConnection,
    template_check: TemplateCheck,
    health: Health,
    calls: DingTalkCalls,
    diagnosis: CallbackDiagnosis,
    roads: EventRoads,
    stream: StreamConnections,
    quickbi: QuickBIConnection,
    limits: Limits | None = None,
) -> Doctor:
    """Return the doctor of one portal; ``connection`` and ``quickbi`` should not wait long for an answer."""
    limits = limits or Limits()
    return Doctor(
        checks=in_order(
            (
                DatabaseChecks(
                    instance_path=settings.instance_path,
                    migration_head=health.migration_head,
                    limits=limits,
                ),
                DeploymentChecks(settings=settings, clock=clock, health=health, limits=limits),
                AddressChecks(addresses=settings.dingtalk, clock=clock, limits=limits),
                AppChecks(connection=connection, probes=Probes(connection=connection)),
                ApproverChecks(undecided=UndecidedResources(clock=clock)),
                TemplateChecks(template_check=template_check),
                EventChecks(connection=connection, diagnosis=diagnosis, roads=roads, stream=stream),
                CallbackAddressCheck(
                    public_url=settings.public_url,
                    clock=clock,
                    connection=connection,
                    diagnosis=diagnosis,
                    limits=limits,
                ),
                QuotaChecks(calls=calls, roads=roads, limits=limits),
                QuickBIChecks(connection=quickbi),
            )
        )
    )
