"""Check whether a person may do something. `ActionRefused` says why not."""

from sandbox.state.accounts import Account
from sandbox.state.repositories import ROLES, Repository, Role
from sandbox.state.world import World


class ActionRefused(Exception):
    """GitHub would not let this person do this; the message says why."""


def account_named(world: World, login: str) -> Account:
    """Return the account of this login."""
    account = world.account(login)
    if account is None:
        raise ActionRefused(f"The account {login} does not exist.")
    return account


def repository_named(world: World, full_name: str, person: Account, needed: Role) -> Repository:
    """Return the repository, in which the person has the needed role or a higher one."""
    repository = world.repository(full_name)
    role = None if repository is None else world.role(person.id, repository)
    if repository is None or (role is None and repository.private):
        raise ActionRefused(f"The repository {full_name} does not exist, or {person.login} cannot see it.")
    if role is None or ROLES.index(role) < ROLES.index(needed):
        raise ActionRefused(f"{person.login} has no {needed} access to {full_name}.")
    return repository


def demand_owner(person: Account, account: Account) -> None:
    """Refuse who does not own the account."""
    if not account.is_administered_by(person.id):
        raise ActionRefused(f"{person.login} is not an owner of {account.login}.")
