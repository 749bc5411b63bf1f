"""Create many objects at once, without webhooks, as if they had always existed."""

import msgspec

from sandbox.actions.installing import app_named
from sandbox.actions.repositories import new_repository
from sandbox.actions.rights import ActionRefused
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import Installation


class NewOrganizations(msgspec.Struct, forbid_unknown_fields=True):
    """Organizations of one owner, each with repositories and the app installed."""

    owner: str
    count: int
    app: str = "crewkit"
    prefix: str = "org"
    repositories: int = 1
    member_only: bool = False
    """The person is a member who administers nothing, instead of the owner."""
    installed: bool = True


def create_organizations(sandbox: Sandbox, person: Account, wish: NewOrganizations) -> dict[str, int]:
    """Make them, and return their installations by login."""
    world, app, now = sandbox.world, app_named(sandbox.world, wish.app), sandbox.now()
    made = {}
    for number in range(1, wish.count + 1):
        login = f"{wish.prefix}-{number:03}"
        if world.account(login) is not None:
            raise ActionRefused(f"The login {login} is already taken. Use another prefix.")
        account = Account(
            id=world.new_id("account"),
            login=login,
            name=None,
            type="Organization",
            created_at=now,
            updated_at=now,
            owners=set() if wish.member_only else {person.id},
            members={person.id},
        )
        world.accounts[account.id] = account
        for repository in range(wish.repositories):
            new_repository(sandbox, account, f"repository-{repository:05}", private=True)
        if not wish.installed:
            continue
        one = Installation(
            id=world.new_id("installation"),
            app_id=app.id,
            account_id=account.id,
            repository_selection="all",
            permissions=app.installation_permissions,
            events=list(app.events),
            created_at=now,
            updated_at=now,
        )
        world.installations[one.id] = one
        made[login] = one.id
    return made
