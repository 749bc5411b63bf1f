import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.application import Application
from core.use_cases.account.identify import Identify
from core.use_cases.account.who_am_i import WhoAmI
from core.use_cases.attribution.resolve_commit_authors import ResolveCommitAuthors
from core.use_cases.deliveries.compare_log import CompareLog
from core.use_cases.deliveries.drain_lane import DrainLane
from core.use_cases.deliveries.fetch_missing import FetchMissing
from core.use_cases.deliveries.find_source_secrets import FindSourceSecrets
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from core.use_cases.deliveries.record_secret_uses import RecordSecretUses
from core.use_cases.deliveries.recover_deliveries import RecoverDeliveries
from core.use_cases.deliveries.requeue_due_events import Sweep
from core.use_cases.events.apply_retention import ApplyRetention, Retention
from core.use_cases.events.count_backlog import CountCensus
from core.use_cases.events.list_events import FindDeliveries, ListEvents, ShowEvent
from core.use_cases.events.organization_events import (
    ListOrganizationEvents,
    ShowOrganizationEvent,
    ShowOrganizationPayload,
)
from core.use_cases.events.retry_events import RetryEvent, RetryEvents
from core.use_cases.events.retry_organization_events import RetryOrganizationEvent, RetryOrganizationEvents
from core.use_cases.idempotency.delete_expired_keys import ForgetExpiredKeys
from core.use_cases.integrations.check_installation import CheckInstallation
from core.use_cases.integrations.confirm_deletions import ConfirmDeletions
from core.use_cases.integrations.reconcile_installations import ReconcileInstallations
from core.use_cases.list_versions import ListVersions
from core.use_cases.streams.log_follower import DomainEventTail
from core.use_cases.streams.stream_events import StreamEvents
from core.use_cases.streams.stream_slots import Places
from core.use_cases.tokens.issue_read_token import IssueReadToken
from core.use_cases.tokens.revoke_orphaned_tokens import RevokeStrayTokens
from core.use_cases.tokens.token_leases import Pause
from entrypoints.bootstrap.catalog import wire_catalog
from entrypoints.bootstrap.installing import wire_installing
from entrypoints.bootstrap.people import wire_people
from entrypoints.bootstrap.projects import wire_projects
from entrypoints.bootstrap.tokens import wire_tokens
from ports.alerts import Alerts
from ports.authorizer import Authorizer
from ports.cipher import Cipher
from ports.clock import Clock
from ports.delivery_log import DeliveryLog
from ports.directory import Directory
from ports.doorbell import Doorbell
from ports.exclusion import Exclusion
from ports.metrics import Metrics
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol


@dataclass(frozen=True, slots=True)
class Driven:
    """An adapter for each port: all that use cases are made of."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    delivery_log: DeliveryLog
    doorbell: Doorbell
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
    tokens = wire_tokens(by.unit_of_work, by.providers, by.cipher, by.clock, by.alerts, pause=pause)
    catalog = wire_catalog(
        by.unit_of_work,
        by.directory,
        by.authorizer,
        by.providers,
        tokens=tokens.installation,
        clock=by.clock,
    )
    check_installation = CheckInstallation(by.unit_of_work, by.providers, by.clock, by.metrics, by.alerts)
    receive = ReceiveDelivery(by.delivery_log, by.doorbell)
    projects = wire_projects(by.unit_of_work, by.directory, by.authorizer, by.providers, by.clock)
    people = wire_people(
        unit_of_work=by.unit_of_work,
        directory=by.directory,
        authorizer=by.authorizer,
        providers=by.providers,
        tokens=tokens,
        cipher=by.cipher,
        doorbell=by.doorbell,
        clock=by.clock,
        public_url=by.public_url,
    )
    installing = wire_installing(
        unit_of_work=by.unit_of_work,
        exchange_code=tokens.exchange_code,
        directory=by.directory,
        authorizer=by.authorizer,
        providers=by.providers,
        protocols=by.protocols,
        cipher=by.cipher,
        doorbell=by.doorbell,
        clock=by.clock,
        public_url=by.public_url,
        pause=pause,
    )
    inside = (by.unit_of_work, by.directory, by.authorizer)
    return Application(
        receive_delivery=receive,
        find_source_secrets=FindSourceSecrets(by.unit_of_work, by.cipher, by.alerts),
        drain_lane=DrainLane(by.unit_of_work, by.protocols, by.doorbell, by.clock, by.metrics, by.alerts),
        sweep=Sweep(by.unit_of_work, by.doorbell, by.clock, by.metrics),
        record_secret_uses=RecordSecretUses(by.unit_of_work, by.protocols, by.providers),
        recover_deliveries=_recovery(by, receive, pause),
        list_events=ListEvents(by.unit_of_work, by.authorizer),
        find_deliveries=FindDeliveries(by.unit_of_work, by.authorizer),
        show_event=ShowEvent(by.unit_of_work, by.authorizer, by.protocols),
        retry_event=RetryEvent(by.unit_of_work, by.authorizer, by.doorbell, by.clock),
        retry_events=RetryEvents(by.unit_of_work, by.authorizer, by.doorbell, by.clock),
        list_organization_events=ListOrganizationEvents(*inside, by.protocols),
        show_organization_event=ShowOrganizationEvent(*inside, by.protocols),
        show_organization_payload=ShowOrganizationPayload(*inside, by.protocols),
        retry_organization_event=RetryOrganizationEvent(*inside, by.doorbell, by.clock),
        retry_organization_events=RetryOrganizationEvents(*inside, by.doorbell, by.clock, by.protocols),
        begin_install=installing.begin,
        finish_install=installing.finish,
        end_lapsed_flows=installing.end_lapsed,
        list_integrations=catalog.list_integrations,
        show_integration=catalog.show_integration,
        find_manage_page=catalog.find_manage_page,
        disconnect_integration=catalog.disconnect_integration,
        list_versions=ListVersions(by.unit_of_work, by.directory, by.authorizer, by.providers),
        uninstall_revoked=catalog.uninstall_revoked,
        confirm_deletions=ConfirmDeletions(check_installation),
        reconcile_installations=ReconcileInstallations(check_installation),
        renew_installation_tokens=tokens.renew,
        probe_suspended=tokens.probe,
        list_repositories=catalog.list_repositories,
        show_repository=catalog.show_repository,
        list_branches=catalog.list_branches,
        request_sync=catalog.request_sync,
        sync_due_catalogs=catalog.sync_due_catalogs,
        list_projects=projects.list_projects,
        import_repository=projects.import_repository,
        show_project=projects.show_project,
        show_link=projects.show_link,
        link_repository=projects.link_repository,
        change_link=projects.change_link,
        unlink_repository=projects.unlink_repository,
        list_connections=people.list_connections,
        begin_connection=people.begin_connection,
        finish_connection=people.finish_connection,
        disconnect_account=people.disconnect_account,
        look_up_identities=people.look_up_identities,
        revoke_tokens=people.revoke_tokens,
        issue_read_token=IssueReadToken(
            by.unit_of_work, by.directory, by.authorizer, by.providers, by.cipher, by.clock
        ),
        revoke_stray_tokens=RevokeStrayTokens(by.unit_of_work, by.providers, by.cipher, by.clock),
        list_attributions=people.list_attributions,
        resolve_commit_authors=ResolveCommitAuthors(
            by.unit_of_work, by.directory, by.authorizer, by.providers
        ),
        claim_commits=people.claim_commits,
        follow_memberships=people.follow_memberships,
        stream_events=StreamEvents(
            DomainEventTail(by.unit_of_work, by.alerts),
            Places(by.metrics),
            by.directory,
            by.authorizer,
            by.clock,
            by.metrics,
        ),
        forget_expired_keys=ForgetExpiredKeys(by.unit_of_work, by.clock),
        count_census=CountCensus(by.unit_of_work, by.clock, by.metrics),
        apply_retention=ApplyRetention(by.unit_of_work, by.clock, by.retention),
        identify=Identify(by.directory),
        who_am_i=WhoAmI(by.directory),
    )


def _recovery(by: Driven, receive: ReceiveDelivery, pause: Pause) -> RecoverDeliveries:
    return RecoverDeliveries(
        by.unit_of_work,
        by.providers,
        CompareLog(by.unit_of_work, by.protocols, by.clock),
        FetchMissing(by.unit_of_work, receive, by.protocols, by.clock, by.metrics, by.alerts, pause),
        by.exclusion,
        by.clock,
        by.metrics,
    )
