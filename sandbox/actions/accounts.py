"""Actions on accounts and organizations."""

import msgspec

from sandbox.actions.repositories import claim_name, keep_former_name
from sandbox.actions.rights import ActionRefused, get_account, require_owner
from sandbox.payloads.accounts import render_account, render_installation_target, render_organization
from sandbox.payloads.installations import render_installation_reference
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account, Email
from sandbox.user_tokens import revoke_grant_tokens
from sandbox.webhooks.emit import emit_app_event


class RenameAccount(msgspec.Struct, forbid_unknown_fields=True):
    """A new login for an account."""

    account: str
    login: str


class AddEmail(msgspec.Struct, forbid_unknown_fields=True):
    """An additional email address of the person."""

    address: str
    verified: bool = False


class EmailCommand(msgspec.Struct, forbid_unknown_fields=True):
    """An email address of the person."""

    address: str


class AppCommand(msgspec.Struct, forbid_unknown_fields=True):
    """An authorized app, by its slug."""

    app: str


def rename_account(sandbox: Sandbox, person: Account, command: RenameAccount) -> None:
    """Rename an account and its repositories' full names. Former names redirect to the new names."""
    data = sandbox.data
    account = get_account(data, command.account)
    require_owner(person, account)
    if data.account(command.login) is not None:
        raise ActionRefused(f"The login {command.login} is already taken.")
    repositories = list(data.list_owned(account.id))
    for repository in repositories:
        keep_former_name(sandbox, repository)
    former, account.login, account.updated_at = account.login, command.login, sandbox.now()
    for repository in repositories:
        claim_name(sandbox, repository)
    public = sum(not repository.private for repository in repositories)
    owner_fields = (
        {"organization": render_organization(sandbox.links, account)} if account.type == "Organization" else {}
    )
    for installation in data.installations.values():
        if installation.account_id == account.id and installation.suspended_at is None:
            payload = {
                "action": "renamed",
                "target_type": account.type,
                "account": render_installation_target(sandbox.links, account, public_repositories=public),
                "changes": {"login": {"from": former}},
                **owner_fields,
                "sender": render_account(sandbox.links, person),
                "installation": render_installation_reference(installation),
            }
            emit_app_event(
                sandbox, data.apps[installation.app_id], "installation_target", payload, installation=installation
            )


def add_email(sandbox: Sandbox, person: Account, command: AddEmail) -> None:
    """Add an email address."""
    if any(account.has(command.address) for account in sandbox.data.accounts.values()):
        raise ActionRefused(f"The email address {command.address} is already in use.")
    person.emails.append(Email(command.address, verified=command.verified, primary=not person.emails))


def verify_email(_sandbox: Sandbox, person: Account, command: EmailCommand) -> None:
    """Mark an email address as verified."""
    _get_email(person, command.address).verified = True


def remove_email(_sandbox: Sandbox, person: Account, command: EmailCommand) -> None:
    """Remove an email address."""
    person.emails.remove(_get_email(person, command.address))


def revoke_authorization(sandbox: Sandbox, person: Account, command: AppCommand) -> None:
    """Revoke an authorization with its tokens, and notify the app. Installations stay."""
    app = sandbox.data.app(command.app)
    if app is None or (app.id, person.id) not in sandbox.data.grants:
        raise ActionRefused(f"{person.login} has not authorized the app {command.app}.")
    revoke_grant_tokens(sandbox.data, app.id, person.id)
    payload = {"action": "revoked", "sender": render_account(sandbox.links, person)}
    emit_app_event(sandbox, app, "github_app_authorization", payload, installation=None)


def _get_email(person: Account, address: str) -> Email:
    for email in person.emails:
        if email.address == address:
            return email
    raise ActionRefused(f"{person.login} has no email address {address}.")
