from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation, InstallationRequest, Registration
from sandbox.state.deliveries import Delivery
from sandbox.state.repositories import ROLES, Repository, Role
from sandbox.state.tokens import AuthorizationCode, InstallationToken, UserToken

_FIRST_ID = 1_000_000


@dataclass(slots=True)
class SandboxData:
    """All data of the sandbox, as plain values that a snapshot can contain."""

    accounts: dict[int, Account] = field(default_factory=dict)
    repositories: dict[int, Repository] = field(default_factory=dict)
    former_names: dict[str, int] = field(default_factory=dict)
    """Former full names of renamed repositories in lower case, with the repository id."""
    apps: dict[int, App] = field(default_factory=dict)
    registrations: dict[str, Registration] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    requests: dict[int, InstallationRequest] = field(default_factory=dict)
    installation_tokens: dict[str, InstallationToken] = field(default_factory=dict)
    user_tokens: dict[str, UserToken] = field(default_factory=dict)
    codes: dict[str, AuthorizationCode] = field(default_factory=dict)
    grants: set[tuple[int, int]] = field(default_factory=set)
    """Pairs of an app id and the id of a person who authorized the app."""
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    last_ids: dict[str, int] = field(default_factory=dict)

    def new_id(self, kind: str) -> int:
        """Return the next id of this kind."""
        self.last_ids[kind] = self.last_ids.get(kind, _FIRST_ID) + 1
        return self.last_ids[kind]

    def account(self, login: str) -> Account | None:
        """Find an account by its login, in any case."""
        wanted = login.lower()
        return next((account for account in self.accounts.values() if account.login.lower() == wanted), None)

    def app(self, slug: str) -> App | None:
        """Find an app by its slug."""
        return next((app for app in self.apps.values() if app.slug == slug), None)

    def find_app_by_client(self, client_id: str | None) -> App | None:
        """Find an app by its client id."""
        return next((app for app in self.apps.values() if app.client_id == client_id), None)

    def full_name(self, repository: Repository) -> str:
        """Return OWNER/NAME."""
        return f"{self.accounts[repository.owner_id].login}/{repository.name}"

    def repository(self, full_name: str) -> Repository | None:
        """Find a repository by its current OWNER/NAME, in any case."""
        owner_login, _, name = full_name.lower().partition("/")
        owner = self.account(owner_login)
        if owner is None:
            return None
        return next((repository for repository in self.list_owned(owner.id) if repository.name.lower() == name), None)

    def list_owned(self, account_id: int) -> Iterator[Repository]:
        """Iterate over the repositories of an account."""
        return (repository for repository in self.repositories.values() if repository.owner_id == account_id)

    def find_installation(self, app_id: int, account_id: int) -> Installation | None:
        """Return the installation of an app on an account, or None."""
        for installation in self.installations.values():
            if installation.app_id == app_id and installation.account_id == account_id:
                return installation
        return None

    def covers(self, installation: Installation, repository: Repository) -> bool:
        """Return whether the installation includes the repository."""
        return repository.owner_id == installation.account_id and (
            installation.repository_selection == "all" or repository.id in installation.repository_ids
        )

    def list_covered(self, installation: Installation) -> list[Repository]:
        """Return the repositories of an installation, sorted by id."""
        if installation.repository_selection == "all":
            found = list(self.list_owned(installation.account_id))
        else:
            found = [self.repositories[repository_id] for repository_id in installation.repository_ids]
        return sorted(found, key=lambda repository: repository.id)

    def role(self, person_id: int, repository: Repository) -> Role | None:
        """Return a person's role on a repository, or None for a person without a role."""
        owner = self.accounts[repository.owner_id]
        if owner.is_administered_by(person_id):
            return "admin"
        roles: list[Role] = []
        if person_id in repository.collaborators:
            roles.append(repository.collaborators[person_id])
        if owner.members_read and person_id in owner.members:
            roles.append("pull")
        return max(roles, key=ROLES.index, default=None)
