"""What people do with repositories, and who hears of it."""

from datetime import datetime

import msgspec

from sandbox.actions.installations import tell_repositories
from sandbox.actions.rights import ActionRefused, account_named, repository_named
from sandbox.payloads.accounts import simple_user
from sandbox.payloads.repositories import webhook_repository
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import Installation
from sandbox.state.git_objects import add_first_branch
from sandbox.state.repositories import Repository, Role
from sandbox.webhooks.emit import emit_about_repository


class CreateRepository(msgspec.Struct, forbid_unknown_fields=True):
    """A new repository; with `empty` it has no branch."""

    owner: str
    name: str
    private: bool = False
    empty: bool = False
    description: str | None = None
    language: str | None = None
    default_branch: str = "main"


class OneRepository(msgspec.Struct, forbid_unknown_fields=True):
    """A repository, as OWNER/NAME."""

    repository: str


class RenameRepository(msgspec.Struct, forbid_unknown_fields=True):
    """Another name for a repository."""

    repository: str
    name: str


class TransferRepository(msgspec.Struct, forbid_unknown_fields=True):
    """Another owner for a repository."""

    repository: str
    owner: str


class SetDefaultBranch(msgspec.Struct, forbid_unknown_fields=True):
    """Another default branch, which must be there."""

    repository: str
    branch: str


class GiveRole(msgspec.Struct, forbid_unknown_fields=True):
    """What someone may do in a repository."""

    repository: str
    person: str
    role: Role


def create(sandbox: Sandbox, person: Account, wish: CreateRepository) -> Repository:
    """Create it; installations on all repositories have it at once."""
    world = sandbox.world
    owner = account_named(world, wish.owner)
    if owner.id != person.id and person.id not in owner.members:
        raise ActionRefused(f"{person.login} is not a member of {owner.login}.")
    _demand_free(sandbox, f"{owner.login}/{wish.name}")
    repository = new_repository(sandbox, owner, wish.name, private=wish.private)
    repository.description, repository.language = wish.description, wish.language
    repository.default_branch = wish.default_branch
    head = repository.branches.pop("main")
    if not wish.empty:
        repository.branches[wish.default_branch] = head
    if owner.type == "Organization":
        repository.collaborators[person.id] = "admin"
    _tell(sandbox, person, repository, "created")
    for installation in _covering(sandbox, repository):
        tell_repositories(sandbox, person, installation, added=[repository])
    return repository


def new_repository(sandbox: Sandbox, owner: Account, name: str, *, private: bool) -> Repository:
    """Make a repository that nobody is told of."""
    now = sandbox.now()
    number = sandbox.world.new_id("repository")
    repository = Repository(number, name, owner.id, now, now, now, private=private)
    add_first_branch(repository, "main", f"{number} main")
    sandbox.world.repositories[number] = repository
    take_name(sandbox, repository)
    return repository


def rename(sandbox: Sandbox, person: Account, wish: RenameRepository) -> Repository:
    """Rename it; the former name leads to it until somebody takes it."""
    repository = repository_named(sandbox.world, wish.repository, person, "admin")
    owner = sandbox.world.accounts[repository.owner_id]
    _demand_free(sandbox, f"{owner.login}/{wish.name}", but=repository)
    former = repository.name
    leave_name(sandbox, repository)
    repository.name = wish.name
    take_name(sandbox, repository)
    _tell(sandbox, person, repository, "renamed", {"repository": {"name": {"from": former}}})
    return repository


def archive(sandbox: Sandbox, person: Account, wish: OneRepository) -> None:
    """Make it read-only."""
    repository = repository_named(sandbox.world, wish.repository, person, "admin")
    repository.archived = True
    _tell(sandbox, person, repository, "archived")


def unarchive(sandbox: Sandbox, person: Account, wish: OneRepository) -> None:
    """Make it writable again."""
    repository = repository_named(sandbox.world, wish.repository, person, "admin")
    repository.archived = False
    _tell(sandbox, person, repository, "unarchived")


def privatize(sandbox: Sandbox, person: Account, wish: OneRepository) -> None:
    """Hide it."""
    repository = repository_named(sandbox.world, wish.repository, person, "admin")
    repository.private = True
    _tell(sandbox, person, repository, "privatized")


def publicize(sandbox: Sandbox, person: Account, wish: OneRepository) -> None:
    """Show it to everyone, of which two events tell."""
    repository = repository_named(sandbox.world, wish.repository, person, "admin")
    repository.private = False
    _tell(sandbox, person, repository, "publicized")
    owner = sandbox.world.accounts[repository.owner_id]
    payload = {"repository": webhook_repository(sandbox.links, owner, repository)}
    emit_about_repository(sandbox, "public", payload, sender=person, repository=repository)


def set_default_branch(sandbox: Sandbox, person: Account, wish: SetDefaultBranch) -> None:
    """Choose the branch that is meant where none is named."""
    repository = repository_named(sandbox.world, wish.repository, person, "admin")
    if wish.branch not in repository.branches:
        raise ActionRefused(f"{wish.repository} has no branch {wish.branch}.")
    former, repository.default_branch = repository.default_branch, wish.branch
    _tell(sandbox, person, repository, "edited", {"default_branch": {"from": former}})


def transfer(sandbox: Sandbox, person: Account, wish: TransferRepository) -> Repository:
    """Give it to another owner: the new side hears of a transfer, the old one that it lost it."""
    world = sandbox.world
    repository = repository_named(world, wish.repository, person, "admin")
    former, owner = world.accounts[repository.owner_id], account_named(world, wish.owner)
    _demand_free(sandbox, f"{owner.login}/{repository.name}")
    losing = _covering(sandbox, repository)
    leave_name(sandbox, repository)
    repository.owner_id = owner.id
    take_name(sandbox, repository)
    kind = "organization" if former.type == "Organization" else "user"
    shown = simple_user(sandbox.links, former)
    _tell(sandbox, person, repository, "transferred", {"owner": {"from": {kind: shown}}})
    _lose(sandbox, person, repository, losing)
    for installation in _covering(sandbox, repository):
        tell_repositories(sandbox, person, installation, added=[repository])
    return repository


def delete(sandbox: Sandbox, person: Account, wish: OneRepository) -> None:
    """Delete it; its name is free at once."""
    world = sandbox.world
    repository = repository_named(world, wish.repository, person, "admin")
    losing = _covering(sandbox, repository)
    if sandbox.behaviour.deleted_repositories_told:
        _tell(sandbox, person, repository, "deleted")
    del world.repositories[repository.id]
    world.former_names = {name: one for name, one in world.former_names.items() if one != repository.id}
    _lose(sandbox, person, repository, losing)


def give_role(sandbox: Sandbox, person: Account, wish: GiveRole) -> None:
    """Let someone into it; apps that read no members hear nothing of it."""
    repository = repository_named(sandbox.world, wish.repository, person, "admin")
    repository.collaborators[account_named(sandbox.world, wish.person).id] = wish.role


def leave_name(sandbox: Sandbox, repository: Repository) -> None:
    """Let the present name lead to the repository whatever it is called later."""
    sandbox.world.former_names[sandbox.world.full_name(repository).lower()] = repository.id


def take_name(sandbox: Sandbox, repository: Repository) -> None:
    """Let the present name, now taken, lead nowhere else."""
    sandbox.world.former_names.pop(sandbox.world.full_name(repository).lower(), None)


def touch(repository: Repository, at: datetime) -> None:
    """Note the change; times never go back."""
    repository.updated_at = max(repository.updated_at, at)


def _demand_free(sandbox: Sandbox, full_name: str, *, but: Repository | None = None) -> None:
    taken = sandbox.world.repository(full_name)
    if taken is not None and taken is not but:
        raise ActionRefused(f"{full_name} already exists.")


def _covering(sandbox: Sandbox, repository: Repository) -> list[Installation]:
    world = sandbox.world
    return [one for one in world.installations.values() if world.covers(one, repository)]


def _lose(sandbox: Sandbox, person: Account, repository: Repository, installations: list[Installation]) -> None:
    for installation in installations:
        installation.repository_ids.discard(repository.id)
        tell_repositories(sandbox, person, installation, removed=[repository])


def _tell(
    sandbox: Sandbox, person: Account, repository: Repository, action: str, changes: dict[str, object] | None = None
) -> None:
    touch(repository, sandbox.now())
    owner = sandbox.world.accounts[repository.owner_id]
    payload = {"action": action, **({} if changes is None else {"changes": changes})}
    payload["repository"] = webhook_repository(sandbox.links, owner, repository)
    emit_about_repository(sandbox, "repository", payload, sender=person, repository=repository)
