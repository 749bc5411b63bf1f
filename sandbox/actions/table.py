"""All actions by name, with the type of their command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from sandbox.actions import accounts, installations, pull_requests, pushes, repositories
from sandbox.actions.rights import ActionRefused
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account

Command = TypeVar("Command", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Action:
    """An action of a person."""

    shape: type[msgspec.Struct]
    do: Callable[[Sandbox, Account, Any], object]

    def __call__(self, sandbox: Sandbox, person: Account, arguments: object, *, strict: bool = True) -> object:
        """Run the action. Forms contain only text, so their values need a conversion that is not strict."""
        try:
            command = msgspec.convert(arguments, self.shape, strict=strict)
        except msgspec.ValidationError as error:
            raise ActionRefused(f"Invalid fields: {error}.") from error
        return self.do(sandbox, person, command)

    @property
    def lists(self) -> frozenset[str]:
        """The fields that a form can contain several times."""
        fields = msgspec.structs.fields(self.shape)
        return frozenset(field.name for field in fields if field.type == list[str])


def _make_action(shape: type[Command], do: Callable[[Sandbox, Account, Command], object]) -> Action:
    return Action(shape, do)


ACTIONS: Mapping[str, Action] = {
    "create_repository": _make_action(repositories.CreateRepository, repositories.create_repository),
    "rename_repository": _make_action(repositories.RenameRepository, repositories.rename_repository),
    "archive_repository": _make_action(repositories.RepositoryCommand, repositories.archive_repository),
    "unarchive_repository": _make_action(repositories.RepositoryCommand, repositories.unarchive_repository),
    "privatize_repository": _make_action(repositories.RepositoryCommand, repositories.privatize_repository),
    "publicize_repository": _make_action(repositories.RepositoryCommand, repositories.publicize_repository),
    "transfer_repository": _make_action(repositories.TransferRepository, repositories.transfer_repository),
    "delete_repository": _make_action(repositories.RepositoryCommand, repositories.delete_repository),
    "set_default_branch": _make_action(repositories.SetDefaultBranch, repositories.set_default_branch),
    "give_role": _make_action(repositories.GiveRole, repositories.give_role),
    "push": _make_action(pushes.Push, pushes.push),
    "open_pull_request": _make_action(pull_requests.OpenPullRequest, pull_requests.open_pull_request),
    "close_pull_request": _make_action(pull_requests.PullRequestCommand, pull_requests.close_pull_request),
    "reopen_pull_request": _make_action(pull_requests.PullRequestCommand, pull_requests.reopen_pull_request),
    "merge_pull_request": _make_action(pull_requests.PullRequestCommand, pushes.merge_pull_request),
    "rename_account": _make_action(accounts.RenameAccount, accounts.rename_account),
    "add_email": _make_action(accounts.AddEmail, accounts.add_email),
    "verify_email": _make_action(accounts.EmailCommand, accounts.verify_email),
    "remove_email": _make_action(accounts.EmailCommand, accounts.remove_email),
    "revoke_authorization": _make_action(accounts.AppCommand, accounts.revoke_authorization),
    "install": _make_action(installations.Install, installations.install),
    "approve_request": _make_action(installations.RequestCommand, installations.approve),
    "deny_request": _make_action(installations.RequestCommand, installations.deny),
    "choose_repositories": _make_action(installations.ChooseRepositories, installations.choose),
    "suspend": _make_action(installations.InstallationCommand, installations.suspend),
    "unsuspend": _make_action(installations.InstallationCommand, installations.unsuspend),
    "uninstall": _make_action(installations.InstallationCommand, installations.uninstall),
    "accept_permissions": _make_action(installations.InstallationCommand, installations.accept_permissions),
}
