"""The pages on which owners manage installations and approve requests."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.installations import ChooseRepositories, RequestCommand, approve, choose, get_managed_installation
from sandbox.actions.rights import ActionRefused
from sandbox.payloads.installations import build_installation_url
from sandbox.payloads.links import format_time
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation, InstallationRequest
from sandbox.web.html import Html, element, join
from sandbox.web.install import render_repository_choice
from sandbox.web.page import button, form, redirect, render_not_found, render_page, table
from sandbox.web.return_urls import build_return_url
from sandbox.web.session import read_field, read_form, require_sign_in

LIST = "/settings/installations"


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the pages. The page of an installation is its `html_url`."""
    paths = (f"{LIST}/{{number:int}}", f"/organizations/{{login}}{LIST}/{{number:int}}")
    return [
        Route(LIST, require_sign_in(sandbox, _list_installations)),
        Route("/settings/requests/{number:int}/approve", require_sign_in(sandbox, _approve), methods=["POST"]),
        *(Route(path, require_sign_in(sandbox, _show_installation)) for path in paths),
        *(Route(path, require_sign_in(sandbox, _save_installation), methods=["POST"]) for path in paths),
    ]


async def _list_installations(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    data = sandbox.data
    installed = [
        installation
        for installation in data.installations.values()
        if _is_owner(data.accounts[installation.account_id], person)
    ]
    requests = [request for request in data.requests.values() if _is_owner(data.accounts[request.account_id], person)]
    return render_page(
        "Installed apps",
        table(["App", "Account", "Repositories", ""], list(_render_installations(sandbox, installed))),
        element("h2", "Requests"),
        table(["App", "Account", "Requested by", "", ""], list(_render_requests(sandbox, requests))),
        person=person,
    )


def _render_installations(
    sandbox: Sandbox, installed: Iterable[Installation]
) -> Iterable[list[str | Html | Iterable[str] | None]]:
    data = sandbox.data
    for installation in installed:
        link = element("a", "Configure", href=build_installation_url(sandbox.links, data, installation))
        account = data.accounts[installation.account_id].login
        yield [data.apps[installation.app_id].name, account, installation.repository_selection, link]


def _render_requests(
    sandbox: Sandbox, requests: Iterable[InstallationRequest]
) -> Iterable[list[str | Html | Iterable[str] | None]]:
    data = sandbox.data
    for request in requests:
        yield [
            data.apps[request.app_id].name,
            data.accounts[request.account_id].login,
            data.accounts[request.requester_id].login,
            button("Approve", f"/settings/requests/{request.id}/approve", look="primary"),
            button("Deny", "/do/deny_request", request=request.id, return_to=LIST),
        ]


async def _show_installation(sandbox: Sandbox, request: Request, person: Account) -> Response:
    try:
        installation = get_managed_installation(sandbox.data, person, request.path_params["number"])
    except ActionRefused:  # people without the right to manage it cannot see it
        return render_not_found(person)
    data, app = sandbox.data, sandbox.data.apps[installation.app_id]
    account, url = data.accounts[installation.account_id], request.url.path
    covered = {repository.id for repository in data.list_covered(installation)}
    names = sorted((repository.name, repository.id in covered) for repository in data.list_owned(account.id))
    return render_page(
        f"{app.name} on {account.login}",
        element("p", f"Installation {installation.id}, installed {format_time(installation.created_at)}."),
        _render_permissions(app, installation, url),
        element(
            "section",
            element("h2", "Repository access"),
            form(
                url,
                render_repository_choice(names, selected=installation.repository_selection == "selected"),
                element("button", "Save", class_="primary"),
            ),
        ),
        _render_danger_zone(installation, url),
        person=person,
    )


async def _save_installation(sandbox: Sandbox, request: Request, person: Account) -> Response:
    fields = await read_form(request)
    command = ChooseRepositories(
        installation=request.path_params["number"],
        selection="selected" if read_field(fields, "selection") == "selected" else "all",
        repositories=fields.get("repositories", []),
    )
    installation = choose(sandbox, person, command)
    await sandbox.wait_for_deliveries()
    app = sandbox.data.apps[installation.app_id]
    url = build_return_url(sandbox, app, person, "update", installation_id=installation.id)
    return redirect(url or request.url.path)


async def _approve(sandbox: Sandbox, request: Request, person: Account) -> Response:
    installation = approve(sandbox, person, RequestCommand(request.path_params["number"]))
    await sandbox.wait_for_deliveries()
    app = sandbox.data.apps[installation.app_id]
    url = build_return_url(sandbox, app, person, "install", installation_id=installation.id)
    return redirect(url or build_installation_url(sandbox.links, sandbox.data, installation))


def _render_permissions(app: App, installation: Installation, url: str) -> Html:
    granted = ", ".join(f"{name}: {level}" for name, level in installation.permissions.items())
    if installation.permissions == app.installation_permissions and installation.events == app.events:
        return element("p", f"Permissions: {granted}.")
    return element(
        "section",
        element("p", f"Permissions: {granted}. The app requests other permissions now."),
        button("Accept new permissions", "/do/accept_permissions", installation=installation.id, return_to=url),
    )


def _render_danger_zone(installation: Installation, url: str) -> Html:
    word = "suspend" if installation.suspended_at is None else "unsuspend"
    return element(
        "section",
        element("h2", "Danger zone"),
        join(
            button(word.capitalize(), f"/do/{word}", look="danger", installation=installation.id, return_to=url),
            " ",
            button("Uninstall", "/do/uninstall", look="danger", installation=installation.id, return_to=LIST),
        ),
    )


def _is_owner(account: Account, person: Account) -> bool:
    return account.is_administered_by(person.id)
