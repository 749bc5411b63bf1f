from collections.abc import Mapping
from dataclasses import dataclass

from core.use_cases.catalog.all_branches import AllBranches
from core.use_cases.catalog.list_branches import ListBranches
from core.use_cases.catalog.list_repositories import ListRepositories
from core.use_cases.catalog.provider_access import InstallationTokens, ProviderAccess
from core.use_cases.catalog.request_sync import RequestSync
from core.use_cases.catalog.show_repository import ShowRepository
from core.use_cases.catalog.sync_catalog import SyncCatalog
from core.use_cases.catalog.sync_due_catalogs import SyncDueCatalogs
from core.use_cases.integrations.disconnect_integration import DisconnectIntegration
from core.use_cases.integrations.find_manage_page import FindManagePage
from core.use_cases.integrations.list_integrations import ListIntegrations
from core.use_cases.integrations.show_integration import ShowIntegration
from core.use_cases.integrations.uninstall_revoked import UninstallRevoked
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Catalog:
    """What is done with integrations and their repositories; the last two are for the scheduler."""

    list_integrations: ListIntegrations
    show_integration: ShowIntegration
    find_manage_page: FindManagePage
    disconnect_integration: DisconnectIntegration
    list_repositories: ListRepositories
    show_repository: ShowRepository
    list_branches: ListBranches
    request_sync: RequestSync
    sync_due_catalogs: SyncDueCatalogs
    uninstall_revoked: UninstallRevoked


def wire_catalog(
    unit_of_work: UnitOfWork,
    directory: Directory,
    authorizer: Authorizer,
    providers: Mapping[str, GitProvider],
    *,
    tokens: InstallationTokens,
    clock: Clock,
) -> Catalog:
    """Build them, once per process and event loop: what they remember of branches is shared."""
    access = ProviderAccess(providers, tokens)
    asked = (unit_of_work, directory, authorizer)
    return Catalog(
        list_integrations=ListIntegrations(*asked, providers, clock),
        show_integration=ShowIntegration(*asked, providers, clock),
        find_manage_page=FindManagePage(*asked, providers),
        disconnect_integration=DisconnectIntegration(*asked, providers, clock),
        list_repositories=ListRepositories(*asked, providers, clock),
        show_repository=ShowRepository(*asked, providers, clock),
        list_branches=ListBranches(*asked, access, clock, AllBranches(access, clock)),
        request_sync=RequestSync(*asked, providers, clock),
        sync_due_catalogs=SyncDueCatalogs(unit_of_work, SyncCatalog(unit_of_work, access, clock), clock),
        uninstall_revoked=UninstallRevoked(unit_of_work, providers, clock),
    )
