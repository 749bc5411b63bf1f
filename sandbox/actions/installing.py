"""Who may install what, and what becomes of it: an installation, a request to the owners, or both.

https://docs.github.com/apps/using-github-apps/installing-a-github-app-from-a-third-party
"""

from dataclasses import dataclass

import msgspec

from sandbox.actions import installations
from sandbox.actions.rights import ActionRefused, account_named, demand_owner
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation, InstallationRequest, Selection
from sandbox.state.world import World

# With any other permission an app is for owners alone to install.
_FOR_REPOSITORY_ADMINS = frozenset({"contents", "emails", "email_addresses", "metadata", "pull_requests"})


class Install(msgspec.Struct, forbid_unknown_fields=True):
    """An app on an account; `repositories` are names in it, which count where they are selected."""

    account: str
    app: str = "crewkit"
    selection: Selection = "all"
    repositories: list[str] = []


class OneInstallation(msgspec.Struct, forbid_unknown_fields=True):
    """An installation by its id."""

    installation: int


class ChooseRepositories(msgspec.Struct, forbid_unknown_fields=True):
    """Which repositories an installation includes."""

    installation: int
    selection: Selection = "selected"
    repositories: list[str] = []


class OneRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A request that waits."""

    request: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a wish to install."""

    installation: Installation | None = None
    request: InstallationRequest | None = None


def install(sandbox: Sandbox, person: Account, wish: Install) -> Outcome:
    """Install the app as far as the person may, and ask the owners for the rest."""
    world = sandbox.world
    app, account = app_named(world, wish.app), account_named(world, wish.account)
    if world.installation_on(app.id, account.id) is not None:
        raise ActionRefused(f"{app.name} is already installed on {account.login}.")
    chosen = _ids(world, account, wish.repositories) if wish.selection == "selected" else set()
    if wish.selection == "selected" and not chosen:
        raise ActionRefused("Select a repository.")
    if account.is_administered_by(person.id):
        made = installations.install(sandbox, person, app, account, selection=wish.selection, repository_ids=chosen)
        return Outcome(made)
    own = chosen & administered(world, app, account, person)
    rest = chosen - own
    if rest or not own:
        _demand_requests(account, person)
    made_own = None
    if own:
        made_own = installations.install(sandbox, person, app, account, selection="selected", repository_ids=own)
    asked = None
    if rest or not own:
        asked = installations.request_installation(
            sandbox, person, app, account, selection=wish.selection, repository_ids=rest
        )
    return Outcome(made_own, asked)


def administered(world: World, app: App, account: Account, person: Account) -> set[int]:
    """Return the repositories of the account that the person may install the app on."""
    if not app.permissions.keys() <= _FOR_REPOSITORY_ADMINS:
        return set()
    return {one.id for one in world.owned_by(account.id) if world.role(person.id, one) == "admin"}


def approve(sandbox: Sandbox, person: Account, wish: OneRequest) -> Installation:
    """Do what was asked for, as an owner; the app is told who had asked."""
    world = sandbox.world
    request = _request(world, person, wish)
    requester, app = world.accounts[request.requester_id], world.apps[request.app_id]
    account = world.accounts[request.account_id]
    existing = world.installation_on(app.id, account.id)
    if existing is None:
        return installations.install(
            sandbox,
            person,
            app,
            account,
            selection=request.repository_selection,
            repository_ids=set(request.repository_ids),
            requester=requester,
        )
    everything = "all" in (existing.repository_selection, request.repository_selection)
    installations.choose_repositories(
        sandbox,
        person,
        existing,
        selection="all" if everything else "selected",
        repository_ids=existing.repository_ids | request.repository_ids,
        requester=requester,
    )
    del world.requests[request.id]
    return existing


def deny(sandbox: Sandbox, person: Account, wish: OneRequest) -> None:
    """Do not do what was asked for; no event tells of it."""
    del sandbox.world.requests[_request(sandbox.world, person, wish).id]


def choose(sandbox: Sandbox, person: Account, wish: ChooseRepositories) -> Installation:
    """Change which repositories an installation includes."""
    one = installation_named(sandbox.world, person, wish.installation)
    account = sandbox.world.accounts[one.account_id]
    chosen = _ids(sandbox.world, account, wish.repositories)
    if wish.selection == "selected" and not chosen:
        raise ActionRefused("Select a repository.")
    installations.choose_repositories(sandbox, person, one, selection=wish.selection, repository_ids=chosen)
    return one


def suspend(sandbox: Sandbox, person: Account, wish: OneInstallation) -> None:
    """Suspend it, as an owner."""
    installations.suspend(sandbox, person, installation_named(sandbox.world, person, wish.installation))


def unsuspend(sandbox: Sandbox, person: Account, wish: OneInstallation) -> None:
    """Lift its suspension, as an owner."""
    installations.unsuspend(sandbox, person, installation_named(sandbox.world, person, wish.installation))


def uninstall(sandbox: Sandbox, person: Account, wish: OneInstallation) -> None:
    """Take the app away, as an owner."""
    installations.uninstall(sandbox, person, installation_named(sandbox.world, person, wish.installation))


def accept_permissions(sandbox: Sandbox, person: Account, wish: OneInstallation) -> None:
    """Grant what the app asks for by now, as an owner."""
    one = installation_named(sandbox.world, person, wish.installation)
    installations.accept_permissions(sandbox, person, one)


def app_named(world: World, slug: str) -> App:
    """Return the app of this slug."""
    app = world.app(slug)
    if app is None:
        raise ActionRefused(f"The app {slug} does not exist.")
    return app


def installation_named(world: World, person: Account, number: int) -> Installation:
    """Return an installation that the person may manage."""
    one = world.installations.get(number)
    if one is None:
        raise ActionRefused(f"Installation {number} does not exist, or {person.login} cannot manage it.")
    demand_owner(person, world.accounts[one.account_id])
    return one


def _request(world: World, person: Account, wish: OneRequest) -> InstallationRequest:
    request = world.requests.get(wish.request)
    if request is None:
        raise ActionRefused("This installation request does not exist any more.")
    demand_owner(person, world.accounts[request.account_id])
    return request


def _demand_requests(account: Account, person: Account) -> None:
    if person.id not in account.members:
        raise ActionRefused(f"{person.login} is not a member of {account.login}.")
    if not account.takes_requests:
        raise ActionRefused(f"{account.login} does not accept installation requests.")


def _ids(world: World, account: Account, names: list[str]) -> set[int]:
    by_name = {one.name.lower(): one.id for one in world.owned_by(account.id)}
    unknown = [name for name in names if name.lower() not in by_name]
    if unknown:
        raise ActionRefused(f"{account.login} has no repository {unknown[0]}.")
    return {by_name[name.lower()] for name in names}
