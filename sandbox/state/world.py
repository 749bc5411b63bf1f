from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation, InstallationRequest, Registration
from sandbox.state.deliveries import Delivery
from sandbox.state.repositories import ROLES, Repository, Role
from sandbox.state.tokens import AuthorizationCode, InstallationToken, UserToken

_FIRST_ID = 1_000_000


@dataclass(slots=True)
class World:
    """Everything the sandbox knows, as plain values that a snapshot can hold."""

    accounts: dict[int, Account] = field(default_factory=dict)
    repositories: dict[int, Repository] = field(default_factory=dict)
    former_names: dict[str, int] = field(default_factory=dict)
    """Full names, in lower case, that lead to a repository of another name now."""
    apps: dict[int, App] = field(default_factory=dict)
    registrations: dict[str, Registration] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    requests: dict[int, InstallationRequest] = field(default_factory=dict)
    installation_tokens: dict[str, InstallationToken] = field(default_factory=dict)
    user_tokens: dict[str, UserToken] = field(default_factory=dict)
    codes: dict[str, AuthorizationCode] = field(default_factory=dict)
    grants: set[tuple[int, int]] = field(default_factory=set)
    """Pairs of an app and a person who authorized it."""
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    last_ids: dict[str, int] = field(default_factory=dict)

    def new_id(self, kind: str) -> int:
        """Return the next id of this kind."""
        self.last_ids[kind] = self.last_ids.get(kind, _FIRST_ID) + 1
        return self.last_ids[kind]

    def account(self, login: str) -> Account | None:
        """Find an account by its login, in any case."""
        wanted = login.lower()
        return next((one for one in self.accounts.values() if one.login.lower() == wanted), None)

    def app(self, slug: str) -> App | None:
        """Find an app by its slug."""
        return next((one for one in self.apps.values() if one.slug == slug), None)

    def app_of_client(self, client_id: str | None) -> App | None:
        """Find an app by its client id."""
        return next((one for one in self.apps.values() if one.client_id == client_id), None)

    def full_name(self, repository: Repository) -> str:
        """Return OWNER/NAME."""
        return f"{self.accounts[repository.owner_id].login}/{repository.name}"

    def repository(self, full_name: str) -> Repository | None:
        """Find a repository by its present OWNER/NAME, in any case."""
        owner_login, _, name = full_name.lower().partition("/")
        owner = self.account(owner_login)
        if owner is None:
            return None
        return next((one for one in self.owned_by(owner.id) if one.name.lower() == name), None)

    def owned_by(self, account_id: int) -> Iterator[Repository]:
        """Iterate over an account's repositories."""
        return (one for one in self.repositories.values() if one.owner_id == account_id)

    def installation_on(self, app_id: int, account_id: int) -> Installation | None:
        """Find an app's installation on an account: there is one at most."""
        for one in self.installations.values():
            if one.app_id == app_id and one.account_id == account_id:
                return one
        return None

    def covers(self, installation: Installation, repository: Repository) -> bool:
        """Tell whether the installation includes the repository."""
        return repository.owner_id == installation.account_id and (
            installation.repository_selection == "all" or repository.id in installation.repository_ids
        )

    def covered_by(self, installation: Installation) -> list[Repository]:
        """List an installation's repositories by id."""
        if installation.repository_selection == "all":
            found = list(self.owned_by(installation.account_id))
        else:
            found = [self.repositories[one] for one in installation.repository_ids]
        return sorted(found, key=lambda repository: repository.id)

    def role(self, person_id: int, repository: Repository) -> Role | None:
        """Return what a person was given on a repository; None where they see it only if it is public."""
        owner = self.accounts[repository.owner_id]
        if owner.is_administered_by(person_id):
            return "admin"
        roles: list[Role] = []
        if person_id in repository.collaborators:
            roles.append(repository.collaborators[person_id])
        if owner.members_read and person_id in owner.members:
            roles.append("pull")
        return max(roles, key=ROLES.index, default=None)
