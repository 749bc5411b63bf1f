"""The pages for installing an app: the app's page, the choice of an account and of repositories."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.installations import Install, install, list_administered_ids
from sandbox.payloads.installations import build_installation_url
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App
from sandbox.web.html import Html, element, join
from sandbox.web.page import form, redirect, render_not_found, render_page
from sandbox.web.return_urls import add_query, build_return_url
from sandbox.web.session import read_field, read_form, require_sign_in

# GitHub Enterprise Server uses the second prefix.
PREFIXES = ("/apps", "/github-apps")


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the pages."""
    pages = []
    for prefix in PREFIXES:
        new = f"{prefix}/{{slug}}/installations/new"
        pages += [
            Route(f"{prefix}/{{slug}}", require_sign_in(sandbox, _show_app)),
            Route(new, require_sign_in(sandbox, _choose_account)),
            Route(f"{prefix}/{{slug}}/installations/select_target", require_sign_in(sandbox, _choose_account)),
            Route(f"{new}/permissions", require_sign_in(sandbox, _choose_repositories)),
            Route(f"{new}/permissions", require_sign_in(sandbox, _install), methods=["POST"]),
        ]
    return pages


async def _show_app(sandbox: Sandbox, request: Request, person: Account) -> Response:
    app = sandbox.data.app(request.path_params["slug"])
    if app is None:
        return render_not_found(person)
    url = f"{request.url.path}/installations/new"
    return render_page(
        app.name, element("p", app.description), element("a", "Install", href=url, class_="button"), person=person
    )


async def _choose_account(sandbox: Sandbox, request: Request, person: Account) -> Response:
    """List accounts. GitHub shows the settings of existing installations and does not redirect back."""
    data, app = sandbox.data, sandbox.data.app(request.path_params["slug"])
    if app is None:
        return render_not_found(person)
    base = request.url.path.rsplit("/", 1)[0]
    rows = []
    for account in data.accounts.values():
        if account.id != person.id and person.id not in account.members:
            continue
        installation = data.find_installation(app.id, account.id)
        if installation is None:
            url = add_query(
                f"{base}/new/permissions", target_id=str(account.id), state=request.query_params.get("state")
            )
            rows.append(element("p", element("a", account.login, href=url, class_="button")))
        else:
            settings = build_installation_url(sandbox.links, data, installation)
            link = element("a", f"Configure {account.login}", href=settings, class_="button")
            rows.append(element("p", link, element("span", " already installed", class_="muted")))
    return render_page(f"Where do you want to install {app.name}?", rows, person=person)


async def _choose_repositories(sandbox: Sandbox, request: Request, person: Account) -> Response:
    data, app = sandbox.data, sandbox.data.app(request.path_params["slug"])
    target = request.query_params.get("target_id", "")
    account = data.accounts.get(int(target)) if target.isdecimal() else None
    if app is None or account is None:
        return render_not_found(person)
    installation = data.find_installation(app.id, account.id)
    if installation is not None:
        return redirect(build_installation_url(sandbox.links, data, installation))
    preselected = set(request.query_params.getlist("repository_ids[]"))
    return render_page(
        f"Install {app.name} on {account.login}",
        element(
            "p", f"Requested permissions: {', '.join(f'{name}: {level}' for name, level in app.permissions.items())}."
        ),
        form(
            request.url.path,
            _render_selection(sandbox, account, preselected),
            element("button", _label_button(sandbox, app, account, person), class_="primary"),
            join(" ", element("a", "Cancel", href=f"/apps/{app.slug}", class_="button")),
            account=account.login,
            **({"state": state} if (state := request.query_params.get("state")) is not None else {}),
        ),
        person=person,
    )


async def _install(sandbox: Sandbox, request: Request, person: Account) -> Response:
    data, fields = sandbox.data, await read_form(request)
    app = data.app(request.path_params["slug"])
    if app is None:
        return render_not_found(person)
    state = fields["state"][-1] if "state" in fields else None
    command = Install(
        account=read_field(fields, "account"),
        app=app.slug,
        selection="selected" if read_field(fields, "selection") == "selected" else "all",
        repositories=fields.get("repositories", []),
    )
    result = install(sandbox, person, command)
    await sandbox.wait_for_deliveries()
    if result.installation is None:
        url = build_return_url(sandbox, app, person, "request", state=state)
        return redirect(url or f"/apps/{app.slug}")
    number = result.installation.id
    url = build_return_url(sandbox, app, person, "install", installation_id=number, state=state)
    return redirect(url or build_installation_url(sandbox.links, data, result.installation))


def _label_button(sandbox: Sandbox, app: App, account: Account, person: Account) -> str:
    """Return the button's label: owners install, repository administrators install their repositories."""
    suffix = " & Authorize" if app.request_oauth_on_install else ""
    if account.is_administered_by(person.id):
        return f"Install{suffix}"
    if list_administered_ids(sandbox.data, app, account, person):
        return "Install and request"
    return "Request"


def _render_selection(sandbox: Sandbox, account: Account, preselected: set[str]) -> Html:
    selected = bool(preselected)
    repositories = sorted(sandbox.data.list_owned(account.id), key=lambda repository: repository.name.lower())
    return render_repository_choice(
        [(repository.name, str(repository.id) in preselected) for repository in repositories], selected=selected
    )


def render_repository_choice(names: list[tuple[str, bool]], *, selected: bool) -> Html:
    """Return the choice between all repositories and a selection."""
    boxes = [
        element(
            "label", element("input", type="checkbox", name="repositories", value=name, checked=checked), f" {name}"
        )
        for name, checked in names
    ]
    every = element("input", type="radio", name="selection", value="all", checked=not selected)
    some = element("input", type="radio", name="selection", value="selected", checked=selected)
    return join(
        element("label", every, " All repositories"),
        element("label", some, " Only select repositories"),
        element("fieldset", boxes),
    )
