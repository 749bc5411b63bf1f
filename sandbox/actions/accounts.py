"""What people do with accounts: their own, and the organizations they own."""

import msgspec

from sandbox.actions.repositories import leave_name, take_name
from sandbox.actions.rights import ActionRefused, account_named, demand_owner
from sandbox.payloads.accounts import installation_target, organization, simple_user
from sandbox.payloads.installations import installation_reference
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account, Email
from sandbox.user_tokens import end_grant
from sandbox.webhooks.emit import emit_to_app


class RenameAccount(msgspec.Struct, forbid_unknown_fields=True):
    """Another login for an account."""

    account: str
    login: str


class AddEmail(msgspec.Struct, forbid_unknown_fields=True):
    """Another address for oneself."""

    address: str
    verified: bool = False


class OneEmail(msgspec.Struct, forbid_unknown_fields=True):
    """An address one has."""

    address: str


class OneApp(msgspec.Struct, forbid_unknown_fields=True):
    """An app one authorized, by its slug."""

    app: str


def rename(sandbox: Sandbox, person: Account, wish: RenameAccount) -> None:
    """Rename an account: the full names of its repositories follow, and the former ones lead to them."""
    world = sandbox.world
    account = account_named(world, wish.account)
    demand_owner(person, account)
    if world.account(wish.login) is not None:
        raise ActionRefused(f"The login {wish.login} is already taken.")
    owned = list(world.owned_by(account.id))
    for repository in owned:
        leave_name(sandbox, repository)
    former, account.login, account.updated_at = account.login, wish.login, sandbox.now()
    for repository in owned:
        take_name(sandbox, repository)
    public = sum(not repository.private for repository in owned)
    about = {"organization": organization(sandbox.links, account)} if account.type == "Organization" else {}
    for one in world.installations.values():
        if one.account_id == account.id and one.suspended_at is None:
            payload = {
                "action": "renamed",
                "target_type": account.type,
                "account": installation_target(sandbox.links, account, public_repositories=public),
                "changes": {"login": {"from": former}},
                **about,
                "sender": simple_user(sandbox.links, person),
                "installation": installation_reference(one),
            }
            emit_to_app(sandbox, world.apps[one.app_id], "installation_target", payload, installation=one)


def add_email(sandbox: Sandbox, person: Account, wish: AddEmail) -> None:
    """Add an address to one's own."""
    if any(account.has(wish.address) for account in sandbox.world.accounts.values()):
        raise ActionRefused(f"The email address {wish.address} is already in use.")
    person.emails.append(Email(wish.address, verified=wish.verified, primary=not person.emails))


def verify_email(_sandbox: Sandbox, person: Account, wish: OneEmail) -> None:
    """Prove an address."""
    _own(person, wish.address).verified = True


def remove_email(_sandbox: Sandbox, person: Account, wish: OneEmail) -> None:
    """Give an address up."""
    person.emails.remove(_own(person, wish.address))


def revoke_authorization(sandbox: Sandbox, person: Account, wish: OneApp) -> None:
    """Withdraw what one authorized: the tokens die and the app is told. Installations stay."""
    app = sandbox.world.app(wish.app)
    if app is None or (app.id, person.id) not in sandbox.world.grants:
        raise ActionRefused(f"{person.login} has not authorized the app {wish.app}.")
    end_grant(sandbox.world, app.id, person.id)
    payload = {"action": "revoked", "sender": simple_user(sandbox.links, person)}
    emit_to_app(sandbox, app, "github_app_authorization", payload, installation=None)


def _own(person: Account, address: str) -> Email:
    for email in person.emails:
        if email.address == address:
            return email
    raise ActionRefused(f"{person.login} has no email address {address}.")
