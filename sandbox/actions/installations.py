"""Actions on installations. Installing creates an installation, a request to the owners, or both.

https://docs.github.com/apps/using-github-apps/installing-a-github-app-from-a-third-party
"""

from dataclasses import dataclass

import msgspec

from sandbox.actions import installation_changes
from sandbox.actions.rights import ActionRefused, get_account, require_owner
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation, InstallationRequest, Selection
from sandbox.state.data import SandboxData

# Only owners can install an app with any other permission.
_FOR_REPOSITORY_ADMINS = frozenset({"contents", "emails", "email_addresses", "metadata", "pull_requests"})


class Install(msgspec.Struct, forbid_unknown_fields=True):
    """An app and an account. `repositories` are names, used if `selection` is `selected`."""

    account: str
    app: str = "crewkit"
    selection: Selection = "all"
    repositories: list[str] = []


class InstallationCommand(msgspec.Struct, forbid_unknown_fields=True):
    """An installation by its id."""

    installation: int


class ChooseRepositories(msgspec.Struct, forbid_unknown_fields=True):
    """The new repositories of an installation."""

    installation: int
    selection: Selection = "selected"
    repositories: list[str] = []


class RequestCommand(msgspec.Struct, forbid_unknown_fields=True):
    """A pending installation request, by its id."""

    request: int


@dataclass(frozen=True, slots=True)
class InstallResult:
    """The created installation, the created request, or both."""

    installation: Installation | None = None
    request: InstallationRequest | None = None


def install(sandbox: Sandbox, person: Account, command: Install) -> InstallResult:
    """Install the app on the repositories that the person administers, and request the others."""
    data = sandbox.data
    app, account = get_app(data, command.app), get_account(data, command.account)
    if data.find_installation(app.id, account.id) is not None:
        raise ActionRefused(f"{app.name} is already installed on {account.login}.")
    selected_ids = _find_ids(data, account, command.repositories) if command.selection == "selected" else set()
    if command.selection == "selected" and not selected_ids:
        raise ActionRefused("Select a repository.")
    if account.is_administered_by(person.id):
        installation = installation_changes.install(
            sandbox, person, app, account, selection=command.selection, repository_ids=selected_ids
        )
        return InstallResult(installation)
    administered_ids = selected_ids & list_administered_ids(data, app, account, person)
    other_ids = selected_ids - administered_ids
    if other_ids or not administered_ids:
        _require_requests_allowed(account, person)
    created = None
    if administered_ids:
        created = installation_changes.install(
            sandbox, person, app, account, selection="selected", repository_ids=administered_ids
        )
    request = None
    if other_ids or not administered_ids:
        request = installation_changes.request_installation(
            sandbox, person, app, account, selection=command.selection, repository_ids=other_ids
        )
    return InstallResult(created, request)


def list_administered_ids(data: SandboxData, app: App, account: Account, person: Account) -> set[int]:
    """Return the ids of the account's repositories on which the person can install the app."""
    if not app.permissions.keys() <= _FOR_REPOSITORY_ADMINS:
        return set()
    return {repository.id for repository in data.list_owned(account.id) if data.role(person.id, repository) == "admin"}


def approve(sandbox: Sandbox, person: Account, command: RequestCommand) -> Installation:
    """Approve a request, as an owner. The event names the requester."""
    data = sandbox.data
    request = _get_request(data, person, command)
    requester, app = data.accounts[request.requester_id], data.apps[request.app_id]
    account = data.accounts[request.account_id]
    existing = data.find_installation(app.id, account.id)
    if existing is None:
        return installation_changes.install(
            sandbox,
            person,
            app,
            account,
            selection=request.repository_selection,
            repository_ids=set(request.repository_ids),
            requester=requester,
        )
    everything = "all" in (existing.repository_selection, request.repository_selection)
    installation_changes.choose_repositories(
        sandbox,
        person,
        existing,
        selection="all" if everything else "selected",
        repository_ids=existing.repository_ids | request.repository_ids,
        requester=requester,
    )
    del data.requests[request.id]
    return existing


def deny(sandbox: Sandbox, person: Account, command: RequestCommand) -> None:
    """Deny a request. Sends no event."""
    del sandbox.data.requests[_get_request(sandbox.data, person, command).id]


def choose(sandbox: Sandbox, person: Account, command: ChooseRepositories) -> Installation:
    """Change the repositories of an installation, as an owner."""
    installation = get_managed_installation(sandbox.data, person, command.installation)
    account = sandbox.data.accounts[installation.account_id]
    selected_ids = _find_ids(sandbox.data, account, command.repositories)
    if command.selection == "selected" and not selected_ids:
        raise ActionRefused("Select a repository.")
    installation_changes.choose_repositories(
        sandbox, person, installation, selection=command.selection, repository_ids=selected_ids
    )
    return installation


def suspend(sandbox: Sandbox, person: Account, command: InstallationCommand) -> None:
    """Suspend an installation, as an owner."""
    installation_changes.suspend(sandbox, person, get_managed_installation(sandbox.data, person, command.installation))


def unsuspend(sandbox: Sandbox, person: Account, command: InstallationCommand) -> None:
    """End the suspension of an installation, as an owner."""
    installation_changes.unsuspend(
        sandbox, person, get_managed_installation(sandbox.data, person, command.installation)
    )


def uninstall(sandbox: Sandbox, person: Account, command: InstallationCommand) -> None:
    """Uninstall the app, as an owner."""
    installation_changes.uninstall(
        sandbox, person, get_managed_installation(sandbox.data, person, command.installation)
    )


def accept_permissions(sandbox: Sandbox, person: Account, command: InstallationCommand) -> None:
    """Grant the permissions that the app currently requests, as an owner."""
    installation = get_managed_installation(sandbox.data, person, command.installation)
    installation_changes.accept_permissions(sandbox, person, installation)


def get_app(data: SandboxData, slug: str) -> App:
    """Return the app with this slug; raises `ActionRefused`."""
    app = data.app(slug)
    if app is None:
        raise ActionRefused(f"The app {slug} does not exist.")
    return app


def get_managed_installation(data: SandboxData, person: Account, number: int) -> Installation:
    """Return an installation that the person can manage; raises `ActionRefused`."""
    installation = data.installations.get(number)
    if installation is None:
        raise ActionRefused(f"Installation {number} does not exist, or {person.login} cannot manage it.")
    require_owner(person, data.accounts[installation.account_id])
    return installation


def _get_request(data: SandboxData, person: Account, command: RequestCommand) -> InstallationRequest:
    request = data.requests.get(command.request)
    if request is None:
        raise ActionRefused("This installation request does not exist any more.")
    require_owner(person, data.accounts[request.account_id])
    return request


def _require_requests_allowed(account: Account, person: Account) -> None:
    if person.id not in account.members:
        raise ActionRefused(f"{person.login} is not a member of {account.login}.")
    if not account.takes_requests:
        raise ActionRefused(f"{account.login} does not accept installation requests.")


def _find_ids(data: SandboxData, account: Account, names: list[str]) -> set[int]:
    by_name = {repository.name.lower(): repository.id for repository in data.list_owned(account.id)}
    unknown = [name for name in names if name.lower() not in by_name]
    if unknown:
        raise ActionRefused(f"{account.login} has no repository {unknown[0]}.")
    return {by_name[name.lower()] for name in names}
