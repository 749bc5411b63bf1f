"""The features that can be built from a few ports; tests build them alone."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from core.application import Attribution, Catalog, Connections, Install, Links
from core.use_cases.attribution.claim_commits import ClaimCommits, FollowMemberships
from core.use_cases.attribution.list_attributions import ListAttributions, ResolveCommitAuthors
from core.use_cases.authorization import AccessControl
from core.use_cases.catalog.branch_cache import AllBranches
from core.use_cases.catalog.list_branches import ListBranches
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
from core.use_cases.links.unlink_repository import UnlinkRepository
from core.use_cases.tokens.circuit_breaker import AppCircuitBreaker
from core.use_cases.tokens.get_installation_token import GetInstallationToken
from core.use_cases.tokens.get_user_token import GetUserToken, RefreshDependencies
from core.use_cases.tokens.mint_installation_token import MintDependencies
from core.use_cases.tokens.renew_installation_tokens import ProbeSuspended, RenewInstallationTokens
from core.use_cases.tokens.token_refresher import Pause, TokenRefresher
from entrypoints.edge.public_urls import connection_callback_url, install_callback_url
from ports.encryption import Cipher
from ports.event_queue import WorkerNotifier
from ports.provider import GitProvider
from ports.system import Alerts, Clock
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol

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


def wire_token_sources(
    unit_of_work: UnitOfWork,
    providers: Mapping[str, GitProvider],
    cipher: Cipher,
    clock: Clock,
    alerts: Alerts,
    *,
    pause: Pause = asyncio.sleep,
) -> TokenSources:
    """Build them, once per process and event loop."""
    refresher = TokenRefresher(unit_of_work, clock, pause)
    key = AppCircuitBreaker(unit_of_work, clock, alerts, credential=_PRIVATE_KEY)
    secret = AppCircuitBreaker(unit_of_work, clock, alerts, credential=_CLIENT_SECRET)
    mint = MintDependencies(unit_of_work, providers, cipher, clock, alerts, key, pause)
    refresh = RefreshDependencies(unit_of_work, providers, cipher, clock, secret, pause)
    installation = GetInstallationToken(refresher, mint, clock)
    return TokenSources(
        installation=installation,
        user=GetUserToken(refresher, refresh),
        exchange_code=ExchangeCode(providers, secret),
        renew=RenewInstallationTokens(unit_of_work, clock, installation),
        probe=ProbeSuspended(unit_of_work, clock, installation),
    )


def wire_install(
    *,
    unit_of_work: UnitOfWork,
    access_control: AccessControl,
    providers: Mapping[str, GitProvider],
    protocols: Mapping[str, WebhookProtocol],
    exchange_code: ExchangeCode,
    cipher: Cipher,
    worker_notifier: WorkerNotifier,
    clock: Clock,
    public_url: str,
    pause: Pause,
) -> Install:
    """Build what connects an organization."""
    gather = GatherEvidence(unit_of_work, providers, protocols)
    authorization = UserAuthorization(providers, cipher, exchange_code, partial(install_callback_url, public_url))
    steps = FlowSteps(unit_of_work, access_control.directory, providers, authorization)
    return Install(
        begin=BeginInstall(unit_of_work, access_control, providers, authorization, clock),
        finish=FinishInstall(
            access_control,
            providers,
            clock,
            TakeFlow(unit_of_work, clock, pause),
            OpenUserSession(providers, authorization),
            ProveClaim(providers, gather),
            ProveInstallations(unit_of_work, providers, gather),
            BindInstallation(unit_of_work, worker_notifier, clock),
            steps,
            ReturnWithoutState(unit_of_work, access_control, clock, steps),
        ),
        end_expired=EndExpiredFlows(unit_of_work, providers, clock),
    )


def wire_catalog(
    *,
    unit_of_work: UnitOfWork,
    access_control: AccessControl,
    providers: Mapping[str, GitProvider],
    tokens: InstallationTokens,
    clock: Clock,
) -> Catalog:
    """Build what lists repositories and branches. Shared, because it caches branches."""
    access = ProviderAccess(providers, tokens)
    return Catalog(
        list_repositories=ListRepositories(unit_of_work, access_control, clock),
        show_repository=ShowRepository(unit_of_work, access_control, clock),
        list_branches=ListBranches(unit_of_work, access_control, access, clock, AllBranches(access, clock)),
        request_sync=RequestSync(unit_of_work, access_control, clock),
        sync_due=SyncDueCatalogs(unit_of_work, SyncCatalog(unit_of_work, access, clock), clock),
    )


def wire_links(
    unit_of_work: UnitOfWork, access_control: AccessControl, providers: Mapping[str, GitProvider], clock: Clock
) -> Links:
    """Build what links repositories to projects."""
    dependencies = (unit_of_work, access_control, providers)
    return Links(
        list_projects=ListProjects(*dependencies),
        show_project=ShowProject(*dependencies),
        import_repository=ImportRepository(*dependencies, clock),
        show=ShowLink(*dependencies),
        create=LinkRepository(*dependencies, clock),
        change=ChangeLink(*dependencies),
        delete=UnlinkRepository(unit_of_work, access_control, clock),
    )


def wire_connections(
    *,
    unit_of_work: UnitOfWork,
    access_control: AccessControl,
    providers: Mapping[str, GitProvider],
    sources: TokenSources,
    cipher: Cipher,
    clock: Clock,
    public_url: str,
) -> Connections:
    """Build what connects a user's account at a provider."""
    authorization = UserAuthorization(
        providers, cipher, sources.exchange_code, partial(connection_callback_url, public_url)
    )
    return Connections(
        list=ListConnections(unit_of_work, access_control),
        begin=BeginConnection(unit_of_work, access_control, authorization, clock),
        finish=FinishConnection(
            unit_of_work,
            access_control.directory,
            providers,
            TakeFlow(unit_of_work, clock, asyncio.sleep),
            authorization,
            cipher,
            clock,
        ),
        disconnect=DisconnectAccount(unit_of_work, access_control, cipher, clock),
        look_up_identities=LookUpIdentities(unit_of_work, providers, sources.user, clock),
        revoke_tokens=RevokeTokens(unit_of_work, providers, cipher, clock),
    )


def wire_attribution(
    *, unit_of_work: UnitOfWork, access_control: AccessControl, worker_notifier: WorkerNotifier, clock: Clock
) -> Attribution:
    """Build what finds the users who wrote commits."""
    return Attribution(
        list=ListAttributions(unit_of_work, access_control),
        resolve=ResolveCommitAuthors(unit_of_work, access_control),
        claim_commits=ClaimCommits(unit_of_work, worker_notifier, clock),
        follow_memberships=FollowMemberships(unit_of_work),
    )
