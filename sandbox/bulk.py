"""Create many objects at once, without webhooks."""

import msgspec

from sandbox.actions.installations import get_app
from sandbox.actions.repositories import add_repository
from sandbox.actions.rights import ActionRefused
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import Installation


class NewOrganizations(msgspec.Struct, forbid_unknown_fields=True):
    """Organizations of one owner, each with repositories and an installation of the app."""

    owner: str
    count: int
    app: str = "crewkit"
    prefix: str = "org"
    repositories: int = 1
    member_only: bool = False
    """Whether the person is only a member, without admin rights, instead of the owner."""
    installed: bool = True


def create_organizations(sandbox: Sandbox, person: Account, command: NewOrganizations) -> dict[str, int]:
    """Create the organizations and return their installation ids by login."""
    data, app, now = sandbox.data, get_app(sandbox.data, command.app), sandbox.now()
    installation_ids = {}
    for number in range(1, command.count + 1):
        login = f"{command.prefix}-{number:03}"
        if data.account(login) is not None:
            raise ActionRefused(f"The login {login} is already taken. Use another prefix.")
        account = Account(
            id=data.new_id("account"),
            login=login,
            name=None,
            type="Organization",
            created_at=now,
            updated_at=now,
            owners=set() if command.member_only else {person.id},
            members={person.id},
        )
        data.accounts[account.id] = account
        for repository in range(command.repositories):
            add_repository(sandbox, account, f"repository-{repository:05}", private=True)
        if not command.installed:
            continue
        installation = Installation(
            id=data.new_id("installation"),
            app_id=app.id,
            account_id=account.id,
            repository_selection="all",
            permissions=app.installation_permissions,
            events=list(app.events),
            created_at=now,
            updated_at=now,
        )
        data.installations[installation.id] = installation
        installation_ids[login] = installation.id
    return installation_ids
