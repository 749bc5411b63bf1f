"""The pages of an account's repositories and of one repository with its actions."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.repositories import ROLES, PullRequest, Repository
from sandbox.web.html import Child, Html, element, join
from sandbox.web.page import button, checkbox, choice, field, form, redirect, render_not_found, render_page, table
from sandbox.web.session import require_sign_in

_SHORT = 7
_COMMIT_ROWS = 3
_MOST_SHOWN = 200


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the pages. The last routes match any path, so they must come after all others."""
    return [
        Route("/repositories", require_sign_in(sandbox, _list_repositories)),
        Route("/{owner}", require_sign_in(sandbox, _show_owner)),
        Route("/{owner}/{repo}", require_sign_in(sandbox, _show_repository)),
        Route("/{owner}/{repo}/{rest:path}", require_sign_in(sandbox, _redirect_to_repository)),
    ]


async def _list_repositories(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    own_accounts = [
        account for account in sandbox.data.accounts.values() if account.id == person.id or person.id in account.members
    ]
    new = form(
        "/do/create_repository",
        choice("Owner", "owner", [(account.login, account.login) for account in own_accounts], person.login),
        field("Name", "name", required=True),
        field("Default branch", "default_branch", "main"),
        checkbox("Private", "private", checked=True),
        checkbox("Empty", "empty"),
        element("button", "Create repository", class_="primary"),
    )
    lists = [
        join(element("h2", account.login), _render_repositories(sandbox, account, person))
        for account in sandbox.data.accounts.values()
        if account.type != "Bot"
    ]
    return render_page("Repositories", element("section", new), lists, person=person)


async def _show_owner(sandbox: Sandbox, request: Request, person: Account) -> Response:
    owner = sandbox.data.account(request.path_params["owner"])
    if owner is None:
        return render_not_found(person)
    rename = form(
        "/do/rename_account",
        field("New login", "login", required=True),
        element("button", "Rename account", class_="danger"),
        account=owner.login,
        return_to="/repositories",
    )
    is_owner = owner.is_administered_by(person.id)
    return render_page(
        owner.name or owner.login,
        _render_repositories(sandbox, owner, person),
        element("section", rename) if is_owner else None,
        person=person,
    )


async def _show_repository(sandbox: Sandbox, request: Request, person: Account) -> Response:
    data, full_name = sandbox.data, "{owner}/{repo}".format(**request.path_params)
    repository = data.repository(full_name)
    if repository is None:
        renamed = data.repositories.get(data.former_names.get(full_name.lower(), 0))
        return render_not_found(person) if renamed is None else redirect(f"/{data.full_name(renamed)}")
    role = data.role(person.id, repository)
    if repository.private and role is None:
        return render_not_found(person)
    full_name = data.full_name(repository)
    people = [(section.login, section.login) for section in data.accounts.values() if section.type != "Organization"]
    sections = [
        _render_refs(repository, full_name),
        _render_push_form(repository, full_name, people, person),
        _render_pull_requests(repository, full_name),
        _render_settings(sandbox, repository, full_name, people),
    ]
    about = f"{_describe_visibility(repository).capitalize()}, id {repository.id}. Your role: {role or 'read'}."
    return render_page(
        full_name,
        element("p", repository.description),
        element("p", about, class_="muted"),
        [element("section", *section) for section in sections],
        person=person,
    )


async def _redirect_to_repository(_sandbox: Sandbox, request: Request, _person: Account) -> Response:
    return redirect("/{owner}/{repo}".format(**request.path_params))


def _render_repositories(sandbox: Sandbox, owner: Account, person: Account) -> Html:
    data = sandbox.data
    visible = [
        repository
        for repository in data.list_owned(owner.id)
        if not repository.private or data.role(person.id, repository)
    ]
    visible.sort(key=lambda repository: repository.name.lower())
    rows: list[list[Child]] = [
        [
            element("a", repository.name, href=f"/{owner.login}/{repository.name}"),
            _describe_visibility(repository),
            repository.language,
        ]
        for repository in visible[:_MOST_SHOWN]
    ]
    more = len(visible) - len(rows)
    return join(table(["Repository", "", ""], rows), element("p", f"and {more} more", class_="muted") if more else None)


def _describe_visibility(repository: Repository) -> str:
    words = ["private" if repository.private else "public"]
    words += ["archived"] if repository.archived else []
    return ", ".join(words + (["fork"] if repository.fork else []))


def _render_refs(repository: Repository, full_name: str) -> list[Child]:
    rows: list[list[Child]] = [
        [
            name + (" (default)" if name == repository.default_branch else ""),
            element("code", branch.sha[:_SHORT]),
            button("Delete", "/do/push", repository=full_name, branch=name, delete="true", **_return_field(full_name)),
        ]
        for name, branch in sorted(repository.branches.items())[:_MOST_SHOWN]
    ]
    rows += [
        [
            f"tag {name}",
            element("code", sha[:_SHORT]),
            button("Delete", "/do/push", repository=full_name, tag=name, delete="true", **_return_field(full_name)),
        ]
        for name, sha in sorted(repository.tags.items())
    ]
    return [element("h2", "Branches and tags"), table(["Name", "Commit", ""], rows)]


def _render_push_form(
    repository: Repository, full_name: str, people: list[tuple[str, str]], person: Account
) -> list[Child]:
    commits = [
        join(
            field(f"Commit {row + 1}", "messages", "Update" if row == 0 else "", size="40"),
            field("Author", "authors", person.login, list="people"),
        )
        for row in range(_COMMIT_ROWS)
    ]
    return [
        element("h2", "Push"),
        element("datalist", [element("option", value=login) for login, _ in people], id="people"),
        form(
            "/do/push",
            field("Branch", "branch", repository.default_branch),
            commits,
            element("p", "Authors are logins or `Name <email>`. Rows without a message are skipped."),
            field("Co-author", "co_authors", list="people"),
            checkbox("Force", "force"),
            element("button", "Push commits", class_="primary"),
            repository=full_name,
            **_return_field(full_name),
        ),
        form(
            "/do/push",
            field("Tag", "tag", required=True),
            checkbox("Annotated", "annotated"),
            element("button", "Push tag"),
            repository=full_name,
            **_return_field(full_name),
        ),
    ]


def _render_pull_requests(repository: Repository, full_name: str) -> list[Child]:
    rows: list[list[Child]] = [
        [
            f"#{pull_request.number} {pull_request.title}",
            "merged" if pull_request.merged_at else pull_request.state,
            _render_pull_request_buttons(pull_request, full_name),
        ]
        for pull_request in repository.pulls.values()
    ]
    branches = [(name, name) for name in sorted(repository.branches)[:_MOST_SHOWN]]
    new = form(
        "/do/open_pull_request",
        field("Title", "title", required=True),
        choice("Head", "head", branches),
        choice("Base", "base", branches, repository.default_branch),
        checkbox("Draft", "draft"),
        element("button", "Open pull request", class_="primary"),
        repository=full_name,
        **_return_field(full_name),
    )
    return [element("h2", "Pull requests"), table(["Pull request", "State", ""], rows), new]


def _render_pull_request_buttons(pull_request: PullRequest, full_name: str) -> list[Html]:
    words = ["merge", "close"] if pull_request.state == "open" else [] if pull_request.merged_at else ["reopen"]
    return [
        button(
            word.capitalize(),
            f"/do/{word}_pull_request",
            repository=full_name,
            number=pull_request.number,
            **_return_field(full_name),
        )
        for word in words
    ]


def _render_settings(
    sandbox: Sandbox, repository: Repository, full_name: str, people: list[tuple[str, str]]
) -> list[Child]:
    branches = [(name, name) for name in sorted(repository.branches)[:_MOST_SHOWN]]
    owners = [
        (render_action_form.login, render_action_form.login)
        for render_action_form in sandbox.data.accounts.values()
        if render_action_form.type != "Bot"
    ]
    visibility = "publicize" if repository.private else "privatize"
    archived = "unarchive" if repository.archived else "archive"

    def render_action_form(action: str, *body: Child) -> Html:
        text = action.replace("_", " ").capitalize()
        return form(f"/do/{action}", *body, element("button", text), repository=full_name, **_return_field(full_name))

    return [
        element("h2", "Settings"),
        render_action_form("rename_repository", field("Name", "name", repository.name)),
        render_action_form("set_default_branch", choice("Branch", "branch", branches, repository.default_branch)),
        render_action_form("transfer_repository", choice("New owner", "owner", owners)),
        render_action_form(
            "give_role", choice("Person", "person", people), choice("Role", "role", [(role, role) for role in ROLES])
        ),
        render_action_form(f"{visibility}_repository"),
        render_action_form(f"{archived}_repository"),
        button(
            "Delete repository", "/do/delete_repository", look="danger", repository=full_name, return_to="/repositories"
        ),
    ]


def _return_field(full_name: str) -> dict[str, str]:
    return {"return_to": f"/{full_name}"}
