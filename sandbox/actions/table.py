"""All actions by name, with the shape of what each is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from sandbox.actions import accounts, installing, merges, pull_requests, pushes, repositories
from sandbox.actions.rights import ActionRefused
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account

Wish = TypeVar("Wish", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person does."""

    shape: type[msgspec.Struct]
    do: Callable[[Sandbox, Account, Any], object]

    def __call__(self, sandbox: Sandbox, person: Account, told: object, *, strict: bool = True) -> object:
        """Do it; forms tell everything as text, which needs a conversion that is not strict."""
        try:
            wish = msgspec.convert(told, self.shape, strict=strict)
        except msgspec.ValidationError as error:
            raise ActionRefused(f"Invalid fields: {error}.") from error
        return self.do(sandbox, person, wish)

    @property
    def lists(self) -> frozenset[str]:
        """Return the fields that a form may give several times."""
        fields = msgspec.structs.fields(self.shape)
        return frozenset(field.name for field in fields if field.type == list[str])


def _action(shape: type[Wish], do: Callable[[Sandbox, Account, Wish], object]) -> Action:
    return Action(shape, do)


ACTIONS: Mapping[str, Action] = {
    "create_repository": _action(repositories.CreateRepository, repositories.create),
    "rename_repository": _action(repositories.RenameRepository, repositories.rename),
    "archive_repository": _action(repositories.OneRepository, repositories.archive),
    "unarchive_repository": _action(repositories.OneRepository, repositories.unarchive),
    "privatize_repository": _action(repositories.OneRepository, repositories.privatize),
    "publicize_repository": _action(repositories.OneRepository, repositories.publicize),
    "transfer_repository": _action(repositories.TransferRepository, repositories.transfer),
    "delete_repository": _action(repositories.OneRepository, repositories.delete),
    "set_default_branch": _action(repositories.SetDefaultBranch, repositories.set_default_branch),
    "give_role": _action(repositories.GiveRole, repositories.give_role),
    "push": _action(pushes.Push, pushes.push),
    "open_pull_request": _action(pull_requests.OpenPullRequest, pull_requests.open_),
    "close_pull_request": _action(pull_requests.OnePullRequest, pull_requests.close),
    "reopen_pull_request": _action(pull_requests.OnePullRequest, pull_requests.reopen),
    "merge_pull_request": _action(pull_requests.OnePullRequest, merges.merge),
    "rename_account": _action(accounts.RenameAccount, accounts.rename),
    "add_email": _action(accounts.AddEmail, accounts.add_email),
    "verify_email": _action(accounts.OneEmail, accounts.verify_email),
    "remove_email": _action(accounts.OneEmail, accounts.remove_email),
    "revoke_authorization": _action(accounts.OneApp, accounts.revoke_authorization),
    "install": _action(installing.Install, installing.install),
    "approve_request": _action(installing.OneRequest, installing.approve),
    "deny_request": _action(installing.OneRequest, installing.deny),
    "choose_repositories": _action(installing.ChooseRepositories, installing.choose),
    "suspend": _action(installing.OneInstallation, installing.suspend),
    "unsuspend": _action(installing.OneInstallation, installing.unsuspend),
    "uninstall": _action(installing.OneInstallation, installing.uninstall),
    "accept_permissions": _action(installing.OneInstallation, installing.accept_permissions),
}
