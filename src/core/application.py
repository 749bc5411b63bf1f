from dataclasses import dataclass

from core.use_cases.account import Identify, WhoAmI
from core.use_cases.attribution.claim_commits import ClaimCommits, FollowMemberships
from core.use_cases.attribution.git_authors import AssignGitAuthor, ListGitAuthors, UnassignGitAuthor
from core.use_cases.attribution.list_attributions import ListAttributions, ResolveCommitAuthors
from core.use_cases.catalog.compare_commits import CompareCommits, ListChangedFiles
from core.use_cases.catalog.list_branches import ListBranches
from core.use_cases.catalog.list_directories import ListDirectories
from core.use_cases.catalog.list_repositories import ListRepositories, ShowRepository
from core.use_cases.catalog.request_sync import RequestSync
from core.use_cases.catalog.sync_catalog import SyncDueCatalogs
from core.use_cases.connections.connect_account import BeginConnection, FinishConnection
from core.use_cases.connections.disconnect_account import DisconnectAccount
from core.use_cases.connections.list_connections import ListConnections
from core.use_cases.connections.look_up_identities import LookUpIdentities
from core.use_cases.connections.revoke_tokens import RevokeTokens
from core.use_cases.deliveries.drain_lane import DrainLane
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from core.use_cases.deliveries.recover_deliveries import RecoverDeliveries
from core.use_cases.deliveries.requeue_due_events import RequeueDueEvents
from core.use_cases.deliveries.webhook_secrets import FindSourceSecrets, RecordSecretUses
from core.use_cases.events.housekeeping import ApplyRetention, PublishBacklogGauges
from core.use_cases.events.list_events import ListEvents, ListEventsByPrefix
from core.use_cases.events.measure_events import MeasureEvents
from core.use_cases.events.retry_events import PreviewRetries, RetryEvent, RetryEvents
from core.use_cases.events.show_event import ShowEvent, ShowPayload
from core.use_cases.flows.end_expired_flows import EndExpiredFlows
from core.use_cases.idempotency import DeleteExpiredKeys
from core.use_cases.install.begin_install import BeginInstall
from core.use_cases.install.finish_install import FinishInstall
from core.use_cases.integrations.check_installation import ConfirmDeletions, ReconcileInstallations
from core.use_cases.integrations.disconnect_integration import DisconnectIntegration, UninstallRevoked
from core.use_cases.integrations.list_integrations import ListIntegrations, ShowIntegration
from core.use_cases.integrations.list_versions import ListVersions
from core.use_cases.integrations.manage_pages import FindManagePage
from core.use_cases.links.change_link import ChangeLink, ShowLink
from core.use_cases.links.import_repository import ImportRepository
from core.use_cases.links.link_repository import LinkRepository
from core.use_cases.links.list_projects import ListProjects, ShowProject
from core.use_cases.links.preview_rules import PreviewRules
from core.use_cases.links.resolve_affected import ResolveAffectedProjects
from core.use_cases.links.unlink_repository import UnlinkRepository
from core.use_cases.overview import ShowOverview
from core.use_cases.streams.stream_events import StreamEvents
from core.use_cases.tokens.read_tokens import IssueReadToken, RevokeOrphanedTokens
from core.use_cases.tokens.renew_installation_tokens import ProbeSuspended, RenewInstallationTokens
from core.use_cases.tokens.token_leases import ListTokenLeases, RevokeReadToken


@dataclass(frozen=True, slots=True)
class Deliveries:
    """A delivery arrives, is stored and processed; a lost one is recovered."""

    receive: ReceiveDelivery
    find_source_secrets: FindSourceSecrets
    drain_lane: DrainLane
    requeue_due: RequeueDueEvents
    record_secret_uses: RecordSecretUses
    recover: RecoverDeliveries


@dataclass(frozen=True, slots=True)
class Events:
    """Members of an organization read and retry its stored webhook events; operators those of all."""

    list: ListEvents
    list_by_prefix: ListEventsByPrefix
    show: ShowEvent
    show_payload: ShowPayload
    measure: MeasureEvents
    retry: RetryEvent
    retry_many: RetryEvents
    preview_retries: PreviewRetries
    apply_retention: ApplyRetention
    publish_backlog_gauges: PublishBacklogGauges


@dataclass(frozen=True, slots=True)
class Install:
    """A user connects their organization in the browser."""

    begin: BeginInstall
    finish: FinishInstall
    end_expired: EndExpiredFlows


@dataclass(frozen=True, slots=True)
class Integrations:
    """An organization's integrations, and what keeps them in step with the provider."""

    list: ListIntegrations
    show: ShowIntegration
    find_manage_page: FindManagePage
    disconnect: DisconnectIntegration
    list_versions: ListVersions
    uninstall_revoked: UninstallRevoked
    confirm_deletions: ConfirmDeletions
    reconcile: ReconcileInstallations


@dataclass(frozen=True, slots=True)
class Catalog:
    """The repositories that an integration can access."""

    list_repositories: ListRepositories
    show_repository: ShowRepository
    list_branches: ListBranches
    list_directories: ListDirectories
    compare_commits: CompareCommits
    list_changed_files: ListChangedFiles
    request_sync: RequestSync
    sync_due: SyncDueCatalogs


@dataclass(frozen=True, slots=True)
class Links:
    """Projects, and the repositories they are linked to."""

    list_projects: ListProjects
    show_project: ShowProject
    import_repository: ImportRepository
    show: ShowLink
    create: LinkRepository
    change: ChangeLink
    delete: UnlinkRepository
    preview_rules: PreviewRules
    resolve_affected: ResolveAffectedProjects


@dataclass(frozen=True, slots=True)
class Connections:
    """A user's own accounts at providers."""

    list: ListConnections
    begin: BeginConnection
    finish: FinishConnection
    disconnect: DisconnectAccount
    look_up_identities: LookUpIdentities
    revoke_tokens: RevokeTokens


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of installations, and read tokens for services."""

    issue_read_token: IssueReadToken
    list_leases: ListTokenLeases
    revoke_read_token: RevokeReadToken
    revoke_orphaned: RevokeOrphanedTokens
    renew: RenewInstallationTokens
    probe_suspended: ProbeSuspended


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who wrote a commit."""

    list: ListAttributions
    resolve: ResolveCommitAuthors
    claim_commits: ClaimCommits
    follow_memberships: FollowMemberships
    list_authors: ListGitAuthors
    assign_author: AssignGitAuthor
    unassign_author: UnassignGitAuthor


@dataclass(frozen=True, slots=True)
class Account:
    """Who is calling."""

    identify: Identify
    who_am_i: WhoAmI


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that the service can do, by feature. REST, gRPC, workers and commands call only this."""

    deliveries: Deliveries
    events: Events
    install: Install
    integrations: Integrations
    catalog: Catalog
    links: Links
    connections: Connections
    tokens: Tokens
    attribution: Attribution
    stream_events: StreamEvents
    show_overview: ShowOverview
    delete_expired_keys: DeleteExpiredKeys
    account: Account
