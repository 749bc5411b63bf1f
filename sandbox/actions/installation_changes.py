"""Changes of installations with their webhooks. The callers check the person's rights."""

from collections.abc import Sequence
from typing import Any

from sandbox.payloads.accounts import render_account
from sandbox.payloads.installations import render_installation
from sandbox.payloads.repositories import render_repository_summary
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation, InstallationRequest, Selection
from sandbox.state.repositories import Repository
from sandbox.webhooks.emit import emit_app_event


def install(
    sandbox: Sandbox,
    person: Account,
    app: App,
    account: Account,
    *,
    selection: Selection,
    repository_ids: set[int],
    requester: Account | None = None,
) -> Installation:
    """Install the app and delete the requests for it."""
    data, now = sandbox.data, sandbox.now()
    installation = Installation(
        id=data.new_id("installation"),
        app_id=app.id,
        account_id=account.id,
        repository_selection=selection,
        permissions=app.installation_permissions,
        events=list(app.events),
        created_at=now,
        updated_at=now,
        repository_ids=set() if selection == "all" else repository_ids,
    )
    data.installations[installation.id] = installation
    for request_id in [
        request.id for request in data.requests.values() if (request.app_id, request.account_id) == (app.id, account.id)
    ]:
        del data.requests[request_id]
    optional_fields = {} if requester is None else {"requester": render_account(sandbox.links, requester)}
    _emit_installation(
        sandbox,
        person,
        installation,
        "created",
        repositories=_render_repositories(sandbox, data.list_covered(installation)),
        **optional_fields,
    )
    return installation


def request_installation(
    sandbox: Sandbox, person: Account, app: App, account: Account, *, selection: Selection, repository_ids: set[int]
) -> InstallationRequest:
    """Request the installation, or more repositories, from the account's owners. Sends no event."""
    request = InstallationRequest(
        id=sandbox.data.new_id("request"),
        app_id=app.id,
        account_id=account.id,
        requester_id=person.id,
        repository_selection=selection,
        repository_ids=repository_ids,
        created_at=sandbox.now(),
    )
    sandbox.data.requests[request.id] = request
    return request


def uninstall(sandbox: Sandbox, person: Account, installation: Installation) -> None:
    """Uninstall the app and delete its tokens. A new installation gets a new id."""
    data = sandbox.data
    listed = _render_repositories(sandbox, data.list_covered(installation))
    # Suspended installations receive this event, too.
    _emit_installation(sandbox, person, installation, "deleted", repositories=listed)
    del data.installations[installation.id]
    data.installation_tokens = {
        value: token for value, token in data.installation_tokens.items() if token.installation_id != installation.id
    }


def suspend(sandbox: Sandbox, person: Account, installation: Installation) -> None:
    """Suspend the installation: it gets neither API responses nor further events."""
    if installation.suspended_at is None:
        installation.suspended_at = installation.updated_at = sandbox.now()
        installation.suspended_by_id = person.id
        _emit_installation(
            sandbox,
            person,
            installation,
            "suspend",
            repositories=_render_repositories(sandbox, sandbox.data.list_covered(installation)),
        )


def unsuspend(sandbox: Sandbox, person: Account, installation: Installation) -> None:
    """End the suspension. Events of the meantime are not sent."""
    if installation.suspended_at is not None:
        installation.suspended_at = installation.suspended_by_id = None
        installation.updated_at = sandbox.now()
        _emit_installation(
            sandbox,
            person,
            installation,
            "unsuspend",
            repositories=_render_repositories(sandbox, sandbox.data.list_covered(installation)),
        )


def accept_permissions(sandbox: Sandbox, person: Account, installation: Installation) -> None:
    """Grant the permissions that the app currently requests."""
    app = sandbox.data.apps[installation.app_id]
    installation.permissions, installation.events = app.installation_permissions, list(app.events)
    installation.updated_at = sandbox.now()
    _emit_installation(sandbox, person, installation, "new_permissions_accepted")


def choose_repositories(
    sandbox: Sandbox,
    person: Account,
    installation: Installation,
    *,
    selection: Selection,
    repository_ids: set[int],
    requester: Account | None = None,
) -> None:
    """Change the repositories of the installation. Sends no event if nothing changed."""
    data = sandbox.data
    before = {repository.id: repository for repository in data.list_covered(installation)}
    installation.repository_selection = selection
    installation.repository_ids = set() if selection == "all" else repository_ids
    after = {repository.id: repository for repository in data.list_covered(installation)}
    added = [after[repository_id] for repository_id in after.keys() - before.keys()]
    removed = [before[repository_id] for repository_id in before.keys() - after.keys()]
    if added or removed:
        installation.updated_at = sandbox.now()
    emit_repositories(sandbox, person, installation, added=added, removed=removed, requester=requester)


def emit_repositories(
    sandbox: Sandbox,
    person: Account,
    installation: Installation,
    *,
    added: Sequence[Repository] = (),
    removed: Sequence[Repository] = (),
    requester: Account | None = None,
) -> None:
    """Send separate events for added and for removed repositories."""
    if installation.suspended_at is not None:
        return
    rendered_requester = None if requester is None else render_account(sandbox.links, requester)
    for action, changed in (("added", added), ("removed", removed)):
        if changed:
            lists: dict[str, object] = {"repositories_added": [], "repositories_removed": []}
            payload = {
                "action": action,
                "installation": render_installation(sandbox.links, sandbox.data, installation),
                "repository_selection": installation.repository_selection,
                **lists,
                f"repositories_{action}": _render_repositories(
                    sandbox, sorted(changed, key=lambda repository: repository.id)
                ),
                "requester": rendered_requester,
                "sender": render_account(sandbox.links, person),
            }
            app = sandbox.data.apps[installation.app_id]
            emit_app_event(sandbox, app, "installation_repositories", payload, installation=installation)


def _emit_installation(
    sandbox: Sandbox, person: Account, installation: Installation, action: str, **more: object
) -> None:
    payload = {
        "action": action,
        "installation": render_installation(sandbox.links, sandbox.data, installation),
        **more,
        "sender": render_account(sandbox.links, person),
    }
    emit_app_event(sandbox, sandbox.data.apps[installation.app_id], "installation", payload, installation=installation)


def _render_repositories(sandbox: Sandbox, repositories: Sequence[Repository]) -> list[dict[str, Any]]:
    accounts = sandbox.data.accounts
    return [render_repository_summary(accounts[repository.owner_id], repository) for repository in repositories]
