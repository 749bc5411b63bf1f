"""The pages where people install an app: its own, then the choices of an account and of repositories."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.installing import Install, administered, install
from sandbox.payloads.installations import installation_page
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App
from sandbox.web.html import Html, el, together
from sandbox.web.page import form, go_to, not_found_page, page
from sandbox.web.returns import return_url, with_query
from sandbox.web.sending import sent_as_wished
from sandbox.web.session import for_people, last, read_form

# GitHub Enterprise Server has the second.
PREFIXES = ("/apps", "/github-apps")


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the pages."""
    found = []
    for prefix in PREFIXES:
        new = f"{prefix}/{{slug}}/installations/new"
        found += [
            Route(f"{prefix}/{{slug}}", for_people(sandbox, _show_app)),
            Route(new, for_people(sandbox, _choose_account)),
            Route(f"{prefix}/{{slug}}/installations/select_target", for_people(sandbox, _choose_account)),
            Route(f"{new}/permissions", for_people(sandbox, _choose_repositories)),
            Route(f"{new}/permissions", for_people(sandbox, _install), methods=["POST"]),
        ]
    return found


async def _show_app(sandbox: Sandbox, request: Request, person: Account) -> Response:
    app = sandbox.world.app(request.path_params["slug"])
    if app is None:
        return not_found_page(person)
    way = f"{request.url.path}/installations/new"
    return page(app.name, el("p", app.description), el("a", "Install", href=way, class_="button"), person=person)


async def _choose_account(sandbox: Sandbox, request: Request, person: Account) -> Response:
    """List accounts. GitHub shows the settings of existing installations and does not redirect back."""
    world, app = sandbox.world, sandbox.world.app(request.path_params["slug"])
    if app is None:
        return not_found_page(person)
    base = request.url.path.rsplit("/", 1)[0]
    rows = []
    for account in world.accounts.values():
        if account.id != person.id and person.id not in account.members:
            continue
        installed = world.installation_on(app.id, account.id)
        if installed is None:
            way = with_query(
                f"{base}/new/permissions", target_id=str(account.id), state=request.query_params.get("state")
            )
            rows.append(el("p", el("a", account.login, href=way, class_="button")))
        else:
            settings = installation_page(sandbox.links, world, installed)
            link = el("a", f"Configure {account.login}", href=settings, class_="button")
            rows.append(el("p", link, el("span", " already installed", class_="muted")))
    return page(f"Where do you want to install {app.name}?", rows, person=person)


async def _choose_repositories(sandbox: Sandbox, request: Request, person: Account) -> Response:
    world, app = sandbox.world, sandbox.world.app(request.path_params["slug"])
    target = request.query_params.get("target_id", "")
    account = world.accounts.get(int(target)) if target.isdecimal() else None
    if app is None or account is None:
        return not_found_page(person)
    installed = world.installation_on(app.id, account.id)
    if installed is not None:
        return go_to(installation_page(sandbox.links, world, installed))
    preselected = set(request.query_params.getlist("repository_ids[]"))
    return page(
        f"Install {app.name} on {account.login}",
        el("p", f"Requested permissions: {', '.join(f'{name}: {level}' for name, level in app.permissions.items())}."),
        form(
            request.url.path,
            _selection(sandbox, account, preselected),
            el("button", _verb(sandbox, app, account, person), class_="primary"),
            together(" ", el("a", "Cancel", href=f"/apps/{app.slug}", class_="button")),
            account=account.login,
            **({"state": state} if (state := request.query_params.get("state")) is not None else {}),
        ),
        person=person,
    )


async def _install(sandbox: Sandbox, request: Request, person: Account) -> Response:
    world, fields = sandbox.world, await read_form(request)
    app = world.app(request.path_params["slug"])
    if app is None:
        return not_found_page(person)
    state = fields["state"][-1] if "state" in fields else None
    wish = Install(
        account=last(fields, "account"),
        app=app.slug,
        selection="selected" if last(fields, "selection") == "selected" else "all",
        repositories=fields.get("repositories", []),
    )
    outcome = install(sandbox, person, wish)
    await sent_as_wished(sandbox)
    if outcome.installation is None:
        way = return_url(sandbox, app, person, "request", state=state)
        return go_to(way or f"/apps/{app.slug}")
    number = outcome.installation.id
    way = return_url(sandbox, app, person, "install", installation_id=number, state=state)
    return go_to(way or installation_page(sandbox.links, world, outcome.installation))


def _verb(sandbox: Sandbox, app: App, account: Account, person: Account) -> str:
    """Name what the button does: owners install, administrators of repositories install what is theirs."""
    more = " & Authorize" if app.request_oauth_on_install else ""
    if account.is_administered_by(person.id):
        return f"Install{more}"
    if administered(sandbox.world, app, account, person):
        return "Install and request"
    return "Request"


def _selection(sandbox: Sandbox, account: Account, preselected: set[str]) -> Html:
    selected = bool(preselected)
    repositories = sorted(sandbox.world.owned_by(account.id), key=lambda one: one.name.lower())
    return repository_choice([(one.name, str(one.id) in preselected) for one in repositories], selected=selected)


def repository_choice(names: list[tuple[str, bool]], *, selected: bool) -> Html:
    """Make the choice between all repositories and some of these, checked or not."""
    boxes = [
        el("label", el("input", type="checkbox", name="repositories", value=name, checked=checked), f" {name}")
        for name, checked in names
    ]
    every = el("input", type="radio", name="selection", value="all", checked=not selected)
    some = el("input", type="radio", name="selection", value="selected", checked=selected)
    return together(
        el("label", every, " All repositories"), el("label", some, " Only select repositories"), el("fieldset", boxes)
    )
