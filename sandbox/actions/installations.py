"""What people do with an app's installations."""

from collections.abc import Sequence
from typing import Any

from sandbox.payloads.accounts import simple_user
from sandbox.payloads.installations import installation
from sandbox.payloads.repositories import listed_repository
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation, InstallationRequest, Selection
from sandbox.state.repositories import Repository
from sandbox.webhooks.emit import emit_to_app


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
    """Install the app; whether the person may is the caller's to check."""
    world, now = sandbox.world, sandbox.now()
    one = Installation(
        id=world.new_id("installation"),
        app_id=app.id,
        account_id=account.id,
        repository_selection=selection,
        permissions=app.installation_permissions,
        events=list(app.events),
        created_at=now,
        updated_at=now,
        repository_ids=set() if selection == "all" else repository_ids,
    )
    world.installations[one.id] = one
    for request_id in [
        request.id
        for request in world.requests.values()
        if (request.app_id, request.account_id) == (app.id, account.id)
    ]:
        del world.requests[request_id]
    more = {} if requester is None else {"requester": simple_user(sandbox.links, requester)}
    _emit(sandbox, person, one, "created", repositories=_listed(sandbox, world.covered_by(one)), **more)
    return one


def request_installation(
    sandbox: Sandbox, person: Account, app: App, account: Account, *, selection: Selection, repository_ids: set[int]
) -> InstallationRequest:
    """Ask the account's owners to install the app, or to add repositories to it. No event tells of it."""
    request = InstallationRequest(
        id=sandbox.world.new_id("request"),
        app_id=app.id,
        account_id=account.id,
        requester_id=person.id,
        repository_selection=selection,
        repository_ids=repository_ids,
        created_at=sandbox.now(),
    )
    sandbox.world.requests[request.id] = request
    return request


def uninstall(sandbox: Sandbox, person: Account, one: Installation) -> None:
    """Take the app away; its tokens die, and installing again makes another id."""
    world = sandbox.world
    listed = _listed(sandbox, world.covered_by(one))
    # An installation that was suspended hears of its end all the same.
    _emit(sandbox, person, one, "deleted", repositories=listed)
    del world.installations[one.id]
    world.installation_tokens = {
        value: token for value, token in world.installation_tokens.items() if token.installation_id != one.id
    }


def suspend(sandbox: Sandbox, person: Account, one: Installation) -> None:
    """Block the API and every further event."""
    if one.suspended_at is None:
        one.suspended_at = one.updated_at = sandbox.now()
        one.suspended_by_id = person.id
        _emit(sandbox, person, one, "suspend", repositories=_listed(sandbox, sandbox.world.covered_by(one)))


def unsuspend(sandbox: Sandbox, person: Account, one: Installation) -> None:
    """Lift the suspension; what happened meanwhile is told to nobody."""
    if one.suspended_at is not None:
        one.suspended_at = one.suspended_by_id = None
        one.updated_at = sandbox.now()
        _emit(sandbox, person, one, "unsuspend", repositories=_listed(sandbox, sandbox.world.covered_by(one)))


def accept_permissions(sandbox: Sandbox, person: Account, one: Installation) -> None:
    """Grant what the app asks for by now."""
    app = sandbox.world.apps[one.app_id]
    one.permissions, one.events = app.installation_permissions, list(app.events)
    one.updated_at = sandbox.now()
    _emit(sandbox, person, one, "new_permissions_accepted")


def choose_repositories(
    sandbox: Sandbox,
    person: Account,
    one: Installation,
    *,
    selection: Selection,
    repository_ids: set[int],
    requester: Account | None = None,
) -> None:
    """Change which repositories the installation includes; nothing is told where nothing changed."""
    world = sandbox.world
    before = {repository.id: repository for repository in world.covered_by(one)}
    one.repository_selection = selection
    one.repository_ids = set() if selection == "all" else repository_ids
    after = {repository.id: repository for repository in world.covered_by(one)}
    added = [after[each] for each in after.keys() - before.keys()]
    removed = [before[each] for each in before.keys() - after.keys()]
    if added or removed:
        one.updated_at = sandbox.now()
    tell_repositories(sandbox, person, one, added=added, removed=removed, requester=requester)


def tell_repositories(
    sandbox: Sandbox,
    person: Account,
    one: Installation,
    *,
    added: Sequence[Repository] = (),
    removed: Sequence[Repository] = (),
    requester: Account | None = None,
) -> None:
    """Tell the app what came and what went, each in a delivery of its own."""
    if one.suspended_at is not None:
        return
    shown = None if requester is None else simple_user(sandbox.links, requester)
    for action, changed in (("added", added), ("removed", removed)):
        if changed:
            lists: dict[str, object] = {"repositories_added": [], "repositories_removed": []}
            payload = {
                "action": action,
                "installation": installation(sandbox.links, sandbox.world, one),
                "repository_selection": one.repository_selection,
                **lists,
                f"repositories_{action}": _listed(sandbox, sorted(changed, key=lambda each: each.id)),
                "requester": shown,
                "sender": simple_user(sandbox.links, person),
            }
            app = sandbox.world.apps[one.app_id]
            emit_to_app(sandbox, app, "installation_repositories", payload, installation=one)


def _emit(sandbox: Sandbox, person: Account, one: Installation, action: str, **more: object) -> None:
    payload = {
        "action": action,
        "installation": installation(sandbox.links, sandbox.world, one),
        **more,
        "sender": simple_user(sandbox.links, person),
    }
    emit_to_app(sandbox, sandbox.world.apps[one.app_id], "installation", payload, installation=one)


def _listed(sandbox: Sandbox, repositories: Sequence[Repository]) -> list[dict[str, Any]]:
    accounts = sandbox.world.accounts
    return [listed_repository(accounts[each.owner_id], each) for each in repositories]
