from dataclasses import dataclass

from core.use_cases.account.identify import Identify
from core.use_cases.account.who_am_i import WhoAmI
from core.use_cases.attribution.claim_commits import ClaimCommits
from core.use_cases.attribution.follow_memberships import FollowMemberships
from core.use_cases.attribution.list_attributions import ListAttributions
from core.use_cases.attribution.resolve_commit_authors import ResolveCommitAuthors
from core.use_cases.catalog.list_branches import ListBranches
from core.use_cases.catalog.list_repositories import ListRepositories
from core.use_cases.catalog.request_sync import RequestSync
from core.use_cases.catalog.show_repository import ShowRepository
from core.use_cases.catalog.sync_due_catalogs import SyncDueCatalogs
from core.use_cases.connections.begin_connection import BeginConnection
from core.use_cases.connections.disconnect_account import DisconnectAccount
from core.use_cases.connections.finish_connection import FinishConnection
from core.use_cases.connections.list_connections import ListConnections
from core.use_cases.connections.look_up_identities import LookUpIdentities
from core.use_cases.connections.revoke_tokens import RevokeTokens
from core.use_cases.deliveries.drain_lane import DrainLane
from core.use_cases.deliveries.find_source_secrets import FindSourceSecrets
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from core.use_cases.deliveries.record_secret_uses import RecordSecretUses
from core.use_cases.deliveries.recover_deliveries import RecoverDeliveries
from core.use_cases.deliveries.requeue_due_events import Sweep
from core.use_cases.events.apply_retention import ApplyRetention
from core.use_cases.events.count_backlog import CountCensus
from core.use_cases.events.list_events import FindDeliveries, ListEvents, ShowEvent
from core.use_cases.events.organization_events import (
    ListOrganizationEvents,
    ShowOrganizationEvent,
    ShowOrganizationPayload,
)
from core.use_cases.events.retry_events import RetryEvent, RetryEvents
from core.use_cases.events.retry_organization_events import RetryOrganizationEvent, RetryOrganizationEvents
from core.use_cases.flows.end_expired_flows import EndLapsedFlows
from core.use_cases.idempotency.delete_expired_keys import ForgetExpiredKeys
from core.use_cases.install.begin_install import BeginInstall
from core.use_cases.install.finish_install import FinishInstall
from core.use_cases.integrations.confirm_deletions import ConfirmDeletions
from core.use_cases.integrations.disconnect_integration import DisconnectIntegration
from core.use_cases.integrations.find_manage_page import FindManagePage
from core.use_cases.integrations.list_integrations import ListIntegrations
from core.use_cases.integrations.reconcile_installations import ReconcileInstallations
from core.use_cases.integrations.show_integration import ShowIntegration
from core.use_cases.integrations.uninstall_revoked import UninstallRevoked
from core.use_cases.links.change_link import ChangeLink
from core.use_cases.links.import_repository import ImportRepository
from core.use_cases.links.link_repository import LinkRepository
from core.use_cases.links.list_projects import ListProjects
from core.use_cases.links.show_link import ShowLink
from core.use_cases.links.show_project import ShowProject
from core.use_cases.links.unlink_repository import UnlinkRepository
from core.use_cases.list_versions import ListVersions
from core.use_cases.streams.stream_events import StreamEvents
from core.use_cases.tokens.issue_read_token import IssueReadToken
from core.use_cases.tokens.probe_suspended import ProbeSuspended
from core.use_cases.tokens.renew_installation_tokens import RenewInstallationTokens
from core.use_cases.tokens.revoke_orphaned_tokens import RevokeStrayTokens


@dataclass(frozen=True, slots=True)
class Application:
    """Everything the service can do, one field per use case. Every edge calls these and nothing else."""

    # A delivery arrives, is kept, and is processed.
    receive_delivery: ReceiveDelivery
    find_source_secrets: FindSourceSecrets
    drain_lane: DrainLane
    sweep: Sweep
    record_secret_uses: RecordSecretUses
    recover_deliveries: RecoverDeliveries

    # Whoever runs the service looks at the ledger and mends it; an organization's people do with their part.
    list_events: ListEvents
    find_deliveries: FindDeliveries
    show_event: ShowEvent
    retry_event: RetryEvent
    retry_events: RetryEvents
    list_organization_events: ListOrganizationEvents
    show_organization_event: ShowOrganizationEvent
    show_organization_payload: ShowOrganizationPayload
    retry_organization_event: RetryOrganizationEvent
    retry_organization_events: RetryOrganizationEvents

    # Someone connects their organization in the browser.
    begin_install: BeginInstall
    finish_install: FinishInstall
    end_lapsed_flows: EndLapsedFlows

    # An organization's integrations, kept usable without anyone asking.
    list_integrations: ListIntegrations
    show_integration: ShowIntegration
    find_manage_page: FindManagePage
    disconnect_integration: DisconnectIntegration
    list_versions: ListVersions
    uninstall_revoked: UninstallRevoked
    confirm_deletions: ConfirmDeletions
    reconcile_installations: ReconcileInstallations
    renew_installation_tokens: RenewInstallationTokens
    probe_suspended: ProbeSuspended

    # The repositories an integration may see.
    list_repositories: ListRepositories
    show_repository: ShowRepository
    list_branches: ListBranches
    request_sync: RequestSync
    sync_due_catalogs: SyncDueCatalogs

    # Projects, and the repositories they are linked to.
    list_projects: ListProjects
    show_project: ShowProject
    import_repository: ImportRepository
    show_link: ShowLink
    link_repository: LinkRepository
    change_link: ChangeLink
    unlink_repository: UnlinkRepository

    # A person's own accounts at providers.
    list_connections: ListConnections
    begin_connection: BeginConnection
    finish_connection: FinishConnection
    disconnect_account: DisconnectAccount
    look_up_identities: LookUpIdentities
    revoke_tokens: RevokeTokens

    # Services read linked repositories.
    issue_read_token: IssueReadToken
    revoke_stray_tokens: RevokeStrayTokens

    # Who wrote a commit.
    list_attributions: ListAttributions
    resolve_commit_authors: ResolveCommitAuthors
    claim_commits: ClaimCommits
    follow_memberships: FollowMemberships

    # What happens, told as it happens.
    stream_events: StreamEvents

    # What callers asked to be done once.
    forget_expired_keys: ForgetExpiredKeys
    apply_retention: ApplyRetention
    count_census: CountCensus

    # Who is calling.
    identify: Identify
    who_am_i: WhoAmI
