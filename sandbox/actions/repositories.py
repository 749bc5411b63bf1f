"""Actions on repositories, with their webhooks."""

from datetime import datetime

import msgspec

from sandbox.actions.installation_changes import emit_repositories
from sandbox.actions.rights import ActionRefused, get_account, get_repository
from sandbox.payloads.accounts import render_account
from sandbox.payloads.repositories import render_webhook_repository
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import Installation
from sandbox.state.git_objects import add_first_branch
from sandbox.state.repositories import Repository, Role
from sandbox.webhooks.emit import emit_repository_event


class CreateRepository(msgspec.Struct, forbid_unknown_fields=True):
    """A new repository. If `empty`, it has no branch."""

    owner: str
    name: str
    private: bool = False
    empty: bool = False
    description: str | None = None
    language: str | None = None
    default_branch: str = "main"


class RepositoryCommand(msgspec.Struct, forbid_unknown_fields=True):
    """A repository, as OWNER/NAME."""

    repository: str


class RenameRepository(msgspec.Struct, forbid_unknown_fields=True):
    """A new name for a repository."""

    repository: str
    name: str


class TransferRepository(msgspec.Struct, forbid_unknown_fields=True):
    """A new owner for a repository."""

    repository: str
    owner: str


class SetDefaultBranch(msgspec.Struct, forbid_unknown_fields=True):
    """A new default branch, which must exist."""

    repository: str
    branch: str


class GiveRole(msgspec.Struct, forbid_unknown_fields=True):
    """A person's role in a repository."""

    repository: str
    person: str
    role: Role


def create_repository(sandbox: Sandbox, person: Account, command: CreateRepository) -> Repository:
    """Create a repository. Installations on all repositories include it immediately."""
    data = sandbox.data
    owner = get_account(data, command.owner)
    if owner.id != person.id and person.id not in owner.members:
        raise ActionRefused(f"{person.login} is not a member of {owner.login}.")
    _require_free_name(sandbox, f"{owner.login}/{command.name}")
    repository = add_repository(sandbox, owner, command.name, private=command.private)
    repository.description, repository.language = command.description, command.language
    repository.default_branch = command.default_branch
    head = repository.branches.pop("main")
    if not command.empty:
        repository.branches[command.default_branch] = head
    if owner.type == "Organization":
        repository.collaborators[person.id] = "admin"
    _emit_repository(sandbox, person, repository, "created")
    for installation in _find_installations(sandbox, repository):
        emit_repositories(sandbox, person, installation, added=[repository])
    return repository


def add_repository(sandbox: Sandbox, owner: Account, name: str, *, private: bool) -> Repository:
    """Add a repository without events."""
    now = sandbox.now()
    number = sandbox.data.new_id("repository")
    repository = Repository(number, name, owner.id, now, now, now, private=private)
    add_first_branch(repository, "main", f"{number} main")
    sandbox.data.repositories[number] = repository
    claim_name(sandbox, repository)
    return repository


def rename_repository(sandbox: Sandbox, person: Account, command: RenameRepository) -> Repository:
    """Rename a repository. The former name redirects to it until another repository uses the name."""
    repository = get_repository(sandbox.data, command.repository, person, "admin")
    owner = sandbox.data.accounts[repository.owner_id]
    _require_free_name(sandbox, f"{owner.login}/{command.name}", allowed=repository)
    former = repository.name
    keep_former_name(sandbox, repository)
    repository.name = command.name
    claim_name(sandbox, repository)
    _emit_repository(sandbox, person, repository, "renamed", {"repository": {"name": {"from": former}}})
    return repository


def archive_repository(sandbox: Sandbox, person: Account, command: RepositoryCommand) -> None:
    """Make a repository read-only."""
    repository = get_repository(sandbox.data, command.repository, person, "admin")
    repository.archived = True
    _emit_repository(sandbox, person, repository, "archived")


def unarchive_repository(sandbox: Sandbox, person: Account, command: RepositoryCommand) -> None:
    """Make a repository writable again."""
    repository = get_repository(sandbox.data, command.repository, person, "admin")
    repository.archived = False
    _emit_repository(sandbox, person, repository, "unarchived")


def privatize_repository(sandbox: Sandbox, person: Account, command: RepositoryCommand) -> None:
    """Make a repository private."""
    repository = get_repository(sandbox.data, command.repository, person, "admin")
    repository.private = True
    _emit_repository(sandbox, person, repository, "privatized")


def publicize_repository(sandbox: Sandbox, person: Account, command: RepositoryCommand) -> None:
    """Make a repository public. Sends two events, as GitHub does."""
    repository = get_repository(sandbox.data, command.repository, person, "admin")
    repository.private = False
    _emit_repository(sandbox, person, repository, "publicized")
    owner = sandbox.data.accounts[repository.owner_id]
    payload = {"repository": render_webhook_repository(sandbox.links, owner, repository)}
    emit_repository_event(sandbox, "public", payload, sender=person, repository=repository)


def set_default_branch(sandbox: Sandbox, person: Account, command: SetDefaultBranch) -> None:
    """Change the default branch."""
    repository = get_repository(sandbox.data, command.repository, person, "admin")
    if command.branch not in repository.branches:
        raise ActionRefused(f"{command.repository} has no branch {command.branch}.")
    former, repository.default_branch = repository.default_branch, command.branch
    _emit_repository(sandbox, person, repository, "edited", {"default_branch": {"from": former}})


def transfer_repository(sandbox: Sandbox, person: Account, command: TransferRepository) -> Repository:
    """Transfer a repository. The new owner's installations get a transfer, the former a removal."""
    data = sandbox.data
    repository = get_repository(data, command.repository, person, "admin")
    former, owner = data.accounts[repository.owner_id], get_account(data, command.owner)
    _require_free_name(sandbox, f"{owner.login}/{repository.name}")
    former_installations = _find_installations(sandbox, repository)
    keep_former_name(sandbox, repository)
    repository.owner_id = owner.id
    claim_name(sandbox, repository)
    kind = "organization" if former.type == "Organization" else "user"
    former_owner = render_account(sandbox.links, former)
    _emit_repository(sandbox, person, repository, "transferred", {"owner": {"from": {kind: former_owner}}})
    _remove_from_installations(sandbox, person, repository, former_installations)
    for installation in _find_installations(sandbox, repository):
        emit_repositories(sandbox, person, installation, added=[repository])
    return repository


def delete_repository(sandbox: Sandbox, person: Account, command: RepositoryCommand) -> None:
    """Delete a repository. Its name is available immediately."""
    data = sandbox.data
    repository = get_repository(data, command.repository, person, "admin")
    installations = _find_installations(sandbox, repository)
    if sandbox.behaviour.deleted_repositories_told:
        _emit_repository(sandbox, person, repository, "deleted")
    del data.repositories[repository.id]
    data.former_names = {name: one for name, one in data.former_names.items() if one != repository.id}
    _remove_from_installations(sandbox, person, repository, installations)


def give_role(sandbox: Sandbox, person: Account, command: GiveRole) -> None:
    """Give a person a role. Apps without the members permission receive no event."""
    repository = get_repository(sandbox.data, command.repository, person, "admin")
    repository.collaborators[get_account(sandbox.data, command.person).id] = command.role


def keep_former_name(sandbox: Sandbox, repository: Repository) -> None:
    """Redirect the current name to the repository after a later rename."""
    sandbox.data.former_names[sandbox.data.full_name(repository).lower()] = repository.id


def claim_name(sandbox: Sandbox, repository: Repository) -> None:
    """Delete an older redirect of the current name."""
    sandbox.data.former_names.pop(sandbox.data.full_name(repository).lower(), None)


def mark_updated(repository: Repository, at: datetime) -> None:
    """Update the time of the last change, never to an earlier time."""
    repository.updated_at = max(repository.updated_at, at)


def _require_free_name(sandbox: Sandbox, full_name: str, *, allowed: Repository | None = None) -> None:
    existing = sandbox.data.repository(full_name)
    if existing is not None and existing is not allowed:
        raise ActionRefused(f"{full_name} already exists.")


def _find_installations(sandbox: Sandbox, repository: Repository) -> list[Installation]:
    data = sandbox.data
    return [installation for installation in data.installations.values() if data.covers(installation, repository)]


def _remove_from_installations(
    sandbox: Sandbox, person: Account, repository: Repository, installations: list[Installation]
) -> None:
    for installation in installations:
        installation.repository_ids.discard(repository.id)
        emit_repositories(sandbox, person, installation, removed=[repository])


def _emit_repository(
    sandbox: Sandbox, person: Account, repository: Repository, action: str, changes: dict[str, object] | None = None
) -> None:
    mark_updated(repository, sandbox.now())
    owner = sandbox.data.accounts[repository.owner_id]
    payload = {"action": action, **({} if changes is None else {"changes": changes})}
    payload["repository"] = render_webhook_repository(sandbox.links, owner, repository)
    emit_repository_event(sandbox, "repository", payload, sender=person, repository=repository)
