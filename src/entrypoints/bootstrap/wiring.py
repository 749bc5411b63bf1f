"""Build the use cases from one adapter for each port. Each feature has one function."""

from core.application import Account, Application, Deliveries, Events, Integrations, Tokens
from core.use_cases.account import Identify, WhoAmI
from core.use_cases.authorization import AccessControl
from core.use_cases.deliveries.compare_log import CompareLog
from core.use_cases.deliveries.drain_lane import DrainLane
from core.use_cases.deliveries.fetch_missing import FetchMissing
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from core.use_cases.deliveries.recover_deliveries import RecoverDeliveries
from core.use_cases.deliveries.requeue_due_events import RequeueDueEvents
from core.use_cases.deliveries.webhook_secrets import FindSourceSecrets, RecordSecretUses
from core.use_cases.events.describe_events import DescribeEvents
from core.use_cases.events.housekeeping import ApplyRetention, PublishBacklogGauges
from core.use_cases.events.list_events import ListEvents, ListEventsByPrefix
from core.use_cases.events.measure_events import MeasureEvents
from core.use_cases.events.retry_events import PreviewRetries, RetryEvent, RetryEvents
from core.use_cases.events.show_event import ShowEvent, ShowPayload
from core.use_cases.idempotency import DeleteExpiredKeys
from core.use_cases.integrations.check_installation import CheckInstallation, ConfirmDeletions, ReconcileInstallations
from core.use_cases.integrations.disconnect_integration import DisconnectIntegration, UninstallRevoked
from core.use_cases.integrations.list_integrations import ListIntegrations, ShowIntegration
from core.use_cases.integrations.list_versions import ListVersions
from core.use_cases.integrations.manage_pages import FindManagePage
from core.use_cases.overview import ShowOverview
from core.use_cases.streams.log_follower import LogFollower
from core.use_cases.streams.stream_events import StreamEvents, StreamLimits
from core.use_cases.tokens.read_tokens import IssueReadToken, RevokeOrphanedTokens
from core.use_cases.tokens.token_leases import ListTokenLeases, RevokeReadToken
from entrypoints.bootstrap.features import (
    TokenSources,
    wire_attribution,
    wire_catalog,
    wire_connections,
    wire_install,
    wire_links,
    wire_token_sources,
)
from entrypoints.bootstrap.ports import Ports


def wire(ports: Ports) -> Application:
    """Build every use case, once per process and event loop: what they remember is shared."""
    sources = wire_token_sources(ports)
    access_control = AccessControl(ports.directory, ports.authorizer, ports.providers)
    catalog = wire_catalog(ports, access_control, sources.installation)
    return Application(
        deliveries=_deliveries(ports),
        events=_events(ports),
        install=wire_install(ports, access_control, sources.exchange_code),
        integrations=_integrations(ports, access_control),
        catalog=catalog,
        links=wire_links(ports, access_control, catalog.compare_commits),
        connections=wire_connections(ports, access_control, sources),
        tokens=_tokens(ports, access_control, sources),
        attribution=wire_attribution(ports, access_control),
        stream_events=StreamEvents(
            LogFollower(ports.unit_of_work, ports.alerts),
            StreamLimits(ports.metrics),
            access_control,
            ports.clock,
            ports.metrics,
        ),
        show_overview=ShowOverview(ports.unit_of_work, access_control, ports.providers, ports.clock),
        delete_expired_keys=DeleteExpiredKeys(ports.unit_of_work, ports.clock),
        account=Account(Identify(ports.directory), WhoAmI(access_control)),
    )


def _deliveries(ports: Ports) -> Deliveries:
    receive = ReceiveDelivery(ports.delivery_log, ports.worker_notifier)
    return Deliveries(
        receive=receive,
        find_source_secrets=FindSourceSecrets(ports.unit_of_work, ports.cipher, ports.alerts),
        drain_lane=DrainLane(
            ports.unit_of_work, ports.protocols, ports.worker_notifier, ports.clock, ports.metrics, ports.alerts
        ),
        requeue_due=RequeueDueEvents(ports.unit_of_work, ports.worker_notifier, ports.clock, ports.metrics),
        record_secret_uses=RecordSecretUses(ports.unit_of_work, ports.protocols, ports.providers),
        recover=RecoverDeliveries(
            ports.unit_of_work,
            ports.providers,
            CompareLog(ports.unit_of_work, ports.protocols, ports.clock),
            FetchMissing(
                ports.unit_of_work, receive, ports.protocols, ports.clock, ports.metrics, ports.alerts, ports.pause
            ),
            ports.exclusion,
            ports.clock,
            ports.metrics,
        ),
    )


def _events(ports: Ports) -> Events:
    # A process without credentials of a provider still reads the provider's stored events.
    access_control = AccessControl(ports.directory, ports.authorizer, ports.protocols)
    dependencies = (ports.unit_of_work, access_control)
    describe = DescribeEvents(ports.protocols, ports.providers)
    return Events(
        list=ListEvents(*dependencies, describe),
        list_by_prefix=ListEventsByPrefix(ports.unit_of_work, access_control),
        show=ShowEvent(*dependencies, ports.protocols, ports.clock, describe),
        show_payload=ShowPayload(*dependencies, ports.protocols, ports.clock),
        measure=MeasureEvents(*dependencies, ports.clock),
        retry=RetryEvent(*dependencies, ports.worker_notifier, ports.clock),
        preview_retries=PreviewRetries(*dependencies, ports.clock),
        retry_many=RetryEvents(*dependencies, ports.worker_notifier, ports.clock),
        apply_retention=ApplyRetention(ports.unit_of_work, ports.clock, ports.retention),
        publish_backlog_gauges=PublishBacklogGauges(ports.unit_of_work, ports.clock, ports.metrics),
    )


def _integrations(ports: Ports, access_control: AccessControl) -> Integrations:
    dependencies = (ports.unit_of_work, access_control)
    check = CheckInstallation(ports.unit_of_work, ports.providers, ports.clock, ports.metrics, ports.alerts)
    return Integrations(
        list=ListIntegrations(*dependencies, ports.providers, ports.clock),
        show=ShowIntegration(*dependencies, ports.providers, ports.clock),
        find_manage_page=FindManagePage(*dependencies, ports.providers),
        disconnect=DisconnectIntegration(*dependencies, ports.clock),
        list_versions=ListVersions(*dependencies),
        uninstall_revoked=UninstallRevoked(ports.unit_of_work, ports.providers, ports.clock),
        confirm_deletions=ConfirmDeletions(check),
        reconcile=ReconcileInstallations(check),
    )


def _tokens(ports: Ports, access_control: AccessControl, sources: TokenSources) -> Tokens:
    revoke_orphaned = RevokeOrphanedTokens(ports.unit_of_work, ports.providers, ports.cipher, ports.clock)
    return Tokens(
        issue_read_token=IssueReadToken(ports.unit_of_work, access_control, ports.providers, ports.cipher, ports.clock),
        revoke_orphaned=revoke_orphaned,
        list_leases=ListTokenLeases(ports.unit_of_work, access_control, ports.clock),
        revoke_read_token=RevokeReadToken(ports.unit_of_work, access_control, revoke_orphaned, ports.clock),
        renew=sources.renew,
        probe_suspended=sources.probe,
    )
