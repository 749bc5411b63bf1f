"""Build the use cases from one adapter for each port. Each feature has one function."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

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
from core.use_cases.events.housekeeping import ApplyRetention, PublishBacklogGauges, Retention
from core.use_cases.events.list_events import ListEvents, ListEventsByPrefix
from core.use_cases.events.retry_events import RetryEvent, RetryEvents
from core.use_cases.events.show_event import ShowEvent, ShowPayload
from core.use_cases.idempotency import DeleteExpiredKeys
from core.use_cases.integrations.check_installation import CheckInstallation, ConfirmDeletions, ReconcileInstallations
from core.use_cases.integrations.disconnect_integration import DisconnectIntegration, UninstallRevoked
from core.use_cases.integrations.list_integrations import ListIntegrations, ShowIntegration
from core.use_cases.integrations.list_versions import ListVersions
from core.use_cases.integrations.manage_pages import FindManagePage
from core.use_cases.streams.log_follower import LogFollower
from core.use_cases.streams.stream_events import StreamEvents, StreamLimits
from core.use_cases.tokens.read_tokens import IssueReadToken, RevokeOrphanedTokens
from core.use_cases.tokens.token_refresher import Pause
from entrypoints.bootstrap.features import (
    TokenSources,
    wire_attribution,
    wire_catalog,
    wire_connections,
    wire_install,
    wire_links,
    wire_token_sources,
)
from ports.encryption import Cipher
from ports.event_queue import DeliveryLog, WorkerNotifier
from ports.identity import Authorizer, Directory
from ports.provider import GitProvider
from ports.system import Alerts, Clock, Exclusion
from ports.telemetry import Metrics
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol


@dataclass(frozen=True, slots=True)
class Driven:
    """An adapter for each port: all that use cases are made of."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    delivery_log: DeliveryLog
    worker_notifier: WorkerNotifier
    exclusion: Exclusion
    protocols: Mapping[str, WebhookProtocol]
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock
    metrics: Metrics
    alerts: Alerts
    public_url: str = ""
    """Where the provider sends browsers back to."""

    retention: Retention = field(default_factory=Retention)


def wire(by: Driven, *, pause: Pause = asyncio.sleep) -> Application:
    """Build every use case, once per process and event loop: what they remember is shared."""
    sources = wire_token_sources(by.unit_of_work, by.providers, by.cipher, by.clock, by.alerts, pause=pause)
    access_control = AccessControl(by.directory, by.authorizer, by.providers)
    return Application(
        deliveries=_deliveries(by, pause),
        events=_events(by),
        install=wire_install(
            unit_of_work=by.unit_of_work,
            access_control=access_control,
            providers=by.providers,
            protocols=by.protocols,
            exchange_code=sources.exchange_code,
            cipher=by.cipher,
            worker_notifier=by.worker_notifier,
            clock=by.clock,
            public_url=by.public_url,
            pause=pause,
        ),
        integrations=_integrations(by, access_control),
        catalog=wire_catalog(
            unit_of_work=by.unit_of_work,
            access_control=access_control,
            providers=by.providers,
            tokens=sources.installation,
            clock=by.clock,
        ),
        links=wire_links(by.unit_of_work, access_control, by.providers, by.clock),
        connections=wire_connections(
            unit_of_work=by.unit_of_work,
            access_control=access_control,
            providers=by.providers,
            sources=sources,
            cipher=by.cipher,
            clock=by.clock,
            public_url=by.public_url,
        ),
        tokens=_tokens(by, access_control, sources),
        attribution=wire_attribution(
            unit_of_work=by.unit_of_work,
            access_control=access_control,
            worker_notifier=by.worker_notifier,
            clock=by.clock,
        ),
        stream_events=StreamEvents(
            LogFollower(by.unit_of_work, by.alerts), StreamLimits(by.metrics), access_control, by.clock, by.metrics
        ),
        delete_expired_keys=DeleteExpiredKeys(by.unit_of_work, by.clock),
        account=Account(Identify(by.directory), WhoAmI(access_control)),
    )


def _deliveries(by: Driven, pause: Pause) -> Deliveries:
    receive = ReceiveDelivery(by.delivery_log, by.worker_notifier)
    return Deliveries(
        receive=receive,
        find_source_secrets=FindSourceSecrets(by.unit_of_work, by.cipher, by.alerts),
        drain_lane=DrainLane(by.unit_of_work, by.protocols, by.worker_notifier, by.clock, by.metrics, by.alerts),
        requeue_due=RequeueDueEvents(by.unit_of_work, by.worker_notifier, by.clock, by.metrics),
        record_secret_uses=RecordSecretUses(by.unit_of_work, by.protocols, by.providers),
        recover=RecoverDeliveries(
            by.unit_of_work,
            by.providers,
            CompareLog(by.unit_of_work, by.protocols, by.clock),
            FetchMissing(by.unit_of_work, receive, by.protocols, by.clock, by.metrics, by.alerts, pause),
            by.exclusion,
            by.clock,
            by.metrics,
        ),
    )


def _events(by: Driven) -> Events:
    # A process without credentials of a provider still reads the provider's stored events.
    access_control = AccessControl(by.directory, by.authorizer, by.protocols)
    dependencies = (by.unit_of_work, access_control)
    return Events(
        list=ListEvents(by.unit_of_work, access_control),
        list_by_prefix=ListEventsByPrefix(by.unit_of_work, access_control),
        show=ShowEvent(*dependencies, by.protocols),
        show_payload=ShowPayload(*dependencies, by.protocols),
        retry=RetryEvent(*dependencies, by.worker_notifier, by.clock),
        retry_many=RetryEvents(*dependencies, by.worker_notifier, by.clock),
        apply_retention=ApplyRetention(by.unit_of_work, by.clock, by.retention),
        publish_backlog_gauges=PublishBacklogGauges(by.unit_of_work, by.clock, by.metrics),
    )


def _integrations(by: Driven, access_control: AccessControl) -> Integrations:
    dependencies = (by.unit_of_work, access_control)
    check = CheckInstallation(by.unit_of_work, by.providers, by.clock, by.metrics, by.alerts)
    return Integrations(
        list=ListIntegrations(*dependencies, by.providers, by.clock),
        show=ShowIntegration(*dependencies, by.providers, by.clock),
        find_manage_page=FindManagePage(*dependencies, by.providers),
        disconnect=DisconnectIntegration(*dependencies, by.clock),
        list_versions=ListVersions(*dependencies),
        uninstall_revoked=UninstallRevoked(by.unit_of_work, by.providers, by.clock),
        confirm_deletions=ConfirmDeletions(check),
        reconcile=ReconcileInstallations(check),
    )


def _tokens(by: Driven, access_control: AccessControl, sources: TokenSources) -> Tokens:
    return Tokens(
        issue_read_token=IssueReadToken(by.unit_of_work, access_control, by.providers, by.cipher, by.clock),
        revoke_orphaned=RevokeOrphanedTokens(by.unit_of_work, by.providers, by.cipher, by.clock),
        renew=sources.renew,
        probe_suspended=sources.probe,
    )
