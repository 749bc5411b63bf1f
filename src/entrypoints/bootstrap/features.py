"""Build the use cases of the features that connect, link and read. `wiring.py` builds the rest."""

from dataclasses import dataclass
from functools import partial

from core.application import Attribution, Catalog, Connections, Install, Links
from core.use_cases.attribution.claim_commits import ClaimCommits, FollowMemberships
from core.use_cases.attribution.git_authors import AssignGitAuthor, ListGitAuthors, UnassignGitAuthor
from core.use_cases.attribution.list_attributions import ListAttributions, ResolveCommitAuthors
from core.use_cases.authorization import AccessControl
from core.use_cases.catalog.branch_cache import AllBranches
from core.use_cases.catalog.compare_commits import CompareCommits, ListChangedFiles
from core.use_cases.catalog.list_branches import ListBranches
from core.use_cases.catalog.list_directories import ListDirectories
from core.use_cases.catalog.list_repositories import ListRepositories, ShowRepository
from core.use_cases.catalog.provider_access import InstallationTokens, ProviderAccess
from core.use_cases.catalog.request_sync import RequestSync
from core.use_cases.catalog.sync_catalog import SyncCatalog, SyncDueCatalogs
from core.use_cases.connections.connect_account import BeginConnection, FinishConnection
from core.use_cases.connections.disconnect_account import DisconnectAccount
from core.use_cases.connections.list_connections import ListConnections
from core.use_cases.connections.look_up_identities import LookUpIdentities
from core.use_cases.connections.revoke_tokens import RevokeTokens
from core.use_cases.flows.end_expired_flows import EndExpiredFlows
from core.use_cases.flows.steps import FlowSteps
from core.use_cases.flows.take_flow import TakeFlow
from core.use_cases.flows.user_authorization import ExchangeCode, OpenUserSession, UserAuthorization
from core.use_cases.install.begin_install import BeginInstall
from core.use_cases.install.bind_installation import BindInstallation
from core.use_cases.install.finish_install import FinishInstall
from core.use_cases.install.gather_evidence import GatherEvidence
from core.use_cases.install.prove_installations import ProveClaim, ProveInstallations
from core.use_cases.install.return_without_state import ReturnWithoutState
from core.use_cases.links.change_link import ChangeLink, ShowLink
from core.use_cases.links.import_repository import ImportRepository
from core.use_cases.links.link_repository import LinkRepository
from core.use_cases.links.list_projects import ListProjects, ShowProject
from core.use_cases.links.preview_rules import PreviewRules
from core.use_cases.links.resolve_affected import ResolveAffectedProjects
from core.use_cases.links.unlink_repository import UnlinkRepository
from core.use_cases.tokens.circuit_breaker import AppCircuitBreaker
from core.use_cases.tokens.get_installation_token import GetInstallationToken
from core.use_cases.tokens.get_user_token import GetUserToken, RefreshDependencies
from core.use_cases.tokens.mint_installation_token import MintDependencies
from core.use_cases.tokens.renew_installation_tokens import ProbeSuspended, RenewInstallationTokens
from core.use_cases.tokens.token_refresher import TokenRefresher
from entrypoints.bootstrap.ports import Ports
from entrypoints.edge.public_urls import connection_callback_url, install_callback_url

# Named in alerts, so that operators know which setting to check.
_PRIVATE_KEY = "private key (CREWKIT_GIT_GITHUB_PRIVATE_KEY)"
_CLIENT_SECRET = "client secret (CREWKIT_GIT_GITHUB_CLIENT_SECRET)"  # noqa: S105 - its name


@dataclass(frozen=True, slots=True)
class TokenSources:
    """What gives use cases the tokens of installations and users. Shared, because it caches tokens.

    `renew` and `probe` are jobs of the scheduler that use the same cache.
    """

    installation: GetInstallationToken
    user: GetUserToken
    exchange_code: ExchangeCode
    renew: RenewInstallationTokens
    probe: ProbeSuspended


def wire_token_sources(ports: Ports) -> TokenSources:
    """Build them, once per process and event loop."""
    refresher = TokenRefresher(ports.unit_of_work, ports.clock, ports.pause)
    key = AppCircuitBreaker(ports.unit_of_work, ports.clock, ports.alerts, credential=_PRIVATE_KEY)
    secret = AppCircuitBreaker(ports.unit_of_work, ports.clock, ports.alerts, credential=_CLIENT_SECRET)
    mint = MintDependencies(
        ports.unit_of_work, ports.providers, ports.cipher, ports.clock, ports.alerts, key, ports.pause
    )
    refresh = RefreshDependencies(ports.unit_of_work, ports.providers, ports.cipher, ports.clock, secret, ports.pause)
    installation = GetInstallationToken(refresher, mint, ports.clock)
    return TokenSources(
        installation=installation,
        user=GetUserToken(refresher, refresh),
        exchange_code=ExchangeCode(ports.providers, secret),
        renew=RenewInstallationTokens(ports.unit_of_work, ports.clock, installation),
        probe=ProbeSuspended(ports.unit_of_work, ports.clock, installation),
    )


def wire_install(ports: Ports, access_control: AccessControl, exchange_code: ExchangeCode) -> Install:
    """Build what connects an organization."""
    gather = GatherEvidence(ports.unit_of_work, ports.providers, ports.protocols)
    authorization = UserAuthorization(
        ports.providers, ports.cipher, exchange_code, partial(install_callback_url, ports.public_url)
    )
    steps = FlowSteps(ports.unit_of_work, access_control.directory, ports.providers, authorization)
    return Install(
        begin=BeginInstall(ports.unit_of_work, access_control, ports.providers, authorization, ports.clock),
        finish=FinishInstall(
            access_control,
            ports.providers,
            ports.clock,
            TakeFlow(ports.unit_of_work, ports.clock, ports.pause),
            OpenUserSession(ports.providers, authorization),
            ProveClaim(ports.providers, gather),
            ProveInstallations(ports.unit_of_work, ports.providers, gather),
            BindInstallation(ports.unit_of_work, ports.worker_notifier, ports.clock),
            steps,
            ReturnWithoutState(ports.unit_of_work, access_control, ports.clock, steps),
        ),
        end_expired=EndExpiredFlows(ports.unit_of_work, ports.providers, ports.clock),
    )


def wire_catalog(ports: Ports, access_control: AccessControl, tokens: InstallationTokens) -> Catalog:
    """Build what lists repositories, branches and files. Shared, because it caches branches and files."""
    access = ProviderAccess(ports.providers, tokens)
    compare_commits = CompareCommits(access)
    return Catalog(
        list_repositories=ListRepositories(ports.unit_of_work, access_control, ports.clock),
        show_repository=ShowRepository(ports.unit_of_work, access_control, ports.clock),
        list_branches=ListBranches(
            ports.unit_of_work, access_control, access, ports.clock, AllBranches(access, ports.clock)
        ),
        list_directories=ListDirectories(ports.unit_of_work, access_control, access),
        compare_commits=compare_commits,
        list_changed_files=ListChangedFiles(ports.unit_of_work, access_control, compare_commits),
        request_sync=RequestSync(ports.unit_of_work, access_control, ports.clock),
        sync_due=SyncDueCatalogs(ports.unit_of_work, SyncCatalog(ports.unit_of_work, access, ports.clock), ports.clock),
    )


def wire_links(ports: Ports, access_control: AccessControl, compare_commits: CompareCommits) -> Links:
    """Build what links repositories to projects."""
    dependencies = (ports.unit_of_work, access_control, ports.providers)
    return Links(
        list_projects=ListProjects(*dependencies),
        show_project=ShowProject(*dependencies),
        import_repository=ImportRepository(*dependencies, ports.clock),
        show=ShowLink(*dependencies),
        create=LinkRepository(*dependencies, ports.clock),
        change=ChangeLink(*dependencies),
        delete=UnlinkRepository(ports.unit_of_work, access_control, ports.clock),
        preview_rules=PreviewRules(ports.unit_of_work, access_control, ports.protocols),
        resolve_affected=ResolveAffectedProjects(ports.unit_of_work, access_control, compare_commits),
    )


def wire_connections(ports: Ports, access_control: AccessControl, sources: TokenSources) -> Connections:
    """Build what connects a user's account at a provider."""
    authorization = UserAuthorization(
        ports.providers, ports.cipher, sources.exchange_code, partial(connection_callback_url, ports.public_url)
    )
    return Connections(
        list=ListConnections(ports.unit_of_work, access_control),
        begin=BeginConnection(ports.unit_of_work, access_control, authorization, ports.clock),
        finish=FinishConnection(
            ports.unit_of_work,
            access_control.directory,
            ports.providers,
            TakeFlow(ports.unit_of_work, ports.clock, ports.pause),
            authorization,
            ports.cipher,
            ports.clock,
        ),
        disconnect=DisconnectAccount(ports.unit_of_work, access_control, ports.cipher, ports.clock),
        look_up_identities=LookUpIdentities(ports.unit_of_work, ports.providers, sources.user, ports.clock),
        revoke_tokens=RevokeTokens(ports.unit_of_work, ports.providers, ports.cipher, ports.clock),
    )


def wire_attribution(ports: Ports, access_control: AccessControl) -> Attribution:
    """Build what finds the users who wrote commits."""
    return Attribution(
        list=ListAttributions(ports.unit_of_work, access_control),
        resolve=ResolveCommitAuthors(ports.unit_of_work, access_control),
        claim_commits=ClaimCommits(ports.unit_of_work, ports.worker_notifier, ports.clock),
        follow_memberships=FollowMemberships(ports.unit_of_work),
        list_authors=ListGitAuthors(ports.unit_of_work, access_control),
        assign_author=AssignGitAuthor(ports.unit_of_work, access_control, ports.clock),
        unassign_author=UnassignGitAuthor(ports.unit_of_work, access_control),
    )
