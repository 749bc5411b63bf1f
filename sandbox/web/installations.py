"""The pages where owners manage installations, and answer requests for them."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.installing import ChooseRepositories, OneRequest, approve, choose, installation_named
from sandbox.actions.rights import ActionRefused
from sandbox.payloads.installations import installation_page
from sandbox.payloads.links import stamp
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation, InstallationRequest
from sandbox.web.html import Html, el, together
from sandbox.web.install import repository_choice
from sandbox.web.page import button, form, go_to, not_found_page, page, table
from sandbox.web.returns import return_url
from sandbox.web.sending import sent_as_wished
from sandbox.web.session import for_people, last, read_form

LIST = "/settings/installations"


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the pages; an installation's own is its `html_url`."""
    own = (f"{LIST}/{{number:int}}", f"/organizations/{{login}}{LIST}/{{number:int}}")
    return [
        Route(LIST, for_people(sandbox, _list)),
        Route("/settings/requests/{number:int}/approve", for_people(sandbox, _approve), methods=["POST"]),
        *(Route(path, for_people(sandbox, _show)) for path in own),
        *(Route(path, for_people(sandbox, _save), methods=["POST"]) for path in own),
    ]


async def _list(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    world = sandbox.world
    installed = [one for one in world.installations.values() if _is_owner(world.accounts[one.account_id], person)]
    requests = [one for one in world.requests.values() if _is_owner(world.accounts[one.account_id], person)]
    return page(
        "Installed apps",
        table(["App", "Account", "Repositories", ""], list(_installation_rows(sandbox, installed))),
        el("h2", "Requests"),
        table(["App", "Account", "Requested by", "", ""], list(_request_rows(sandbox, requests))),
        person=person,
    )


def _installation_rows(
    sandbox: Sandbox, installed: Iterable[Installation]
) -> Iterable[list[str | Html | Iterable[str] | None]]:
    world = sandbox.world
    for one in installed:
        link = el("a", "Configure", href=installation_page(sandbox.links, world, one))
        account = world.accounts[one.account_id].login
        yield [world.apps[one.app_id].name, account, one.repository_selection, link]


def _request_rows(
    sandbox: Sandbox, requests: Iterable[InstallationRequest]
) -> Iterable[list[str | Html | Iterable[str] | None]]:
    world = sandbox.world
    for one in requests:
        yield [
            world.apps[one.app_id].name,
            world.accounts[one.account_id].login,
            world.accounts[one.requester_id].login,
            button("Approve", f"/settings/requests/{one.id}/approve", look="primary"),
            button("Deny", "/do/deny_request", request=one.id, return_to=LIST),
        ]


async def _show(sandbox: Sandbox, request: Request, person: Account) -> Response:
    try:
        one = installation_named(sandbox.world, person, request.path_params["number"])
    except ActionRefused:  # who may not manage it sees nothing of it
        return not_found_page(person)
    world, app = sandbox.world, sandbox.world.apps[one.app_id]
    account, here = world.accounts[one.account_id], request.url.path
    covered = {repository.id for repository in world.covered_by(one)}
    names = sorted((each.name, each.id in covered) for each in world.owned_by(account.id))
    return page(
        f"{app.name} on {account.login}",
        el("p", f"Installation {one.id}, installed {stamp(one.created_at)}."),
        _permissions(app, one, here),
        el(
            "section",
            el("h2", "Repository access"),
            form(
                here,
                repository_choice(names, selected=one.repository_selection == "selected"),
                el("button", "Save", class_="primary"),
            ),
        ),
        _danger(one, here),
        person=person,
    )


async def _save(sandbox: Sandbox, request: Request, person: Account) -> Response:
    fields = await read_form(request)
    wish = ChooseRepositories(
        installation=request.path_params["number"],
        selection="selected" if last(fields, "selection") == "selected" else "all",
        repositories=fields.get("repositories", []),
    )
    one = choose(sandbox, person, wish)
    await sent_as_wished(sandbox)
    app = sandbox.world.apps[one.app_id]
    way = return_url(sandbox, app, person, "update", installation_id=one.id)
    return go_to(way or request.url.path)


async def _approve(sandbox: Sandbox, request: Request, person: Account) -> Response:
    one = approve(sandbox, person, OneRequest(request.path_params["number"]))
    await sent_as_wished(sandbox)
    app = sandbox.world.apps[one.app_id]
    way = return_url(sandbox, app, person, "install", installation_id=one.id)
    return go_to(way or installation_page(sandbox.links, sandbox.world, one))


def _permissions(app: App, one: Installation, here: str) -> Html:
    granted = ", ".join(f"{name}: {level}" for name, level in one.permissions.items())
    if one.permissions == app.installation_permissions and one.events == app.events:
        return el("p", f"Permissions: {granted}.")
    return el(
        "section",
        el("p", f"Permissions: {granted}. The app requests other permissions now."),
        button("Accept new permissions", "/do/accept_permissions", installation=one.id, return_to=here),
    )


def _danger(one: Installation, here: str) -> Html:
    word = "suspend" if one.suspended_at is None else "unsuspend"
    return el(
        "section",
        el("h2", "Danger zone"),
        together(
            button(word.capitalize(), f"/do/{word}", look="danger", installation=one.id, return_to=here),
            " ",
            button("Uninstall", "/do/uninstall", look="danger", installation=one.id, return_to=LIST),
        ),
    )


def _is_owner(account: Account, person: Account) -> bool:
    return account.is_administered_by(person.id)
