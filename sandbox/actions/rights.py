"""Checks of a person's rights. They raise `ActionRefused`."""

from sandbox.state.accounts import Account
from sandbox.state.data import SandboxData
from sandbox.state.repositories import ROLES, Repository, Role


class ActionRefused(Exception):
    """GitHub would reject the action; the message has the reason."""


def get_account(data: SandboxData, login: str) -> Account:
    """Return the account with this login; raises `ActionRefused`."""
    account = data.account(login)
    if account is None:
        raise ActionRefused(f"The account {login} does not exist.")
    return account


def get_repository(data: SandboxData, full_name: str, person: Account, needed: Role) -> Repository:
    """Return a repository in which the person has this role or a higher role; raises `ActionRefused`."""
    repository = data.repository(full_name)
    role = None if repository is None else data.role(person.id, repository)
    if repository is None or (role is None and repository.private):
        raise ActionRefused(f"The repository {full_name} does not exist, or {person.login} cannot see it.")
    if role is None or ROLES.index(role) < ROLES.index(needed):
        raise ActionRefused(f"{person.login} has no {needed} access to {full_name}.")
    return repository


def require_owner(person: Account, account: Account) -> None:
    """Raise `ActionRefused` if the person does not own the account."""
    if not account.is_administered_by(person.id):
        raise ActionRefused(f"{person.login} is not an owner of {account.login}.")
