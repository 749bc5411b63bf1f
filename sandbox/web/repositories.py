"""The pages of repositories: all of an account, and one with everything that can be done to it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.repositories import ROLES, PullRequest, Repository
from sandbox.web.html import Child, Html, el, together
from sandbox.web.page import button, checkbox, choice, field, form, go_to, not_found_page, page, table
from sandbox.web.session import for_people

_SHORT = 7
_COMMIT_ROWS = 3
_MOST_SHOWN = 200


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the pages; the last two take any path, so they come after all others."""
    return [
        Route("/repositories", for_people(sandbox, _list)),
        Route("/{owner}", for_people(sandbox, _show_owner)),
        Route("/{owner}/{repo}", for_people(sandbox, _show)),
        Route("/{owner}/{repo}/{rest:path}", for_people(sandbox, _go_up)),
    ]


async def _list(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    mine = [one for one in sandbox.world.accounts.values() if one.id == person.id or person.id in one.members]
    new = form(
        "/do/create_repository",
        choice("Owner", "owner", [(one.login, one.login) for one in mine], person.login),
        field("Name", "name", required=True),
        field("Default branch", "default_branch", "main"),
        checkbox("Private", "private", checked=True),
        checkbox("Empty", "empty"),
        el("button", "Create repository", class_="primary"),
    )
    lists = [
        together(el("h2", one.login), _listed(sandbox, one, person))
        for one in sandbox.world.accounts.values()
        if one.type != "Bot"
    ]
    return page("Repositories", el("section", new), lists, person=person)


async def _show_owner(sandbox: Sandbox, request: Request, person: Account) -> Response:
    owner = sandbox.world.account(request.path_params["owner"])
    if owner is None:
        return not_found_page(person)
    rename = form(
        "/do/rename_account",
        field("New login", "login", required=True),
        el("button", "Rename account", class_="danger"),
        account=owner.login,
        return_to="/repositories",
    )
    owned = owner.is_administered_by(person.id)
    return page(
        owner.name or owner.login,
        _listed(sandbox, owner, person),
        el("section", rename) if owned else None,
        person=person,
    )


async def _show(sandbox: Sandbox, request: Request, person: Account) -> Response:
    world, full_name = sandbox.world, "{owner}/{repo}".format(**request.path_params)
    repository = world.repository(full_name)
    if repository is None:
        moved = world.repositories.get(world.former_names.get(full_name.lower(), 0))
        return not_found_page(person) if moved is None else go_to(f"/{world.full_name(moved)}")
    role = world.role(person.id, repository)
    if repository.private and role is None:
        return not_found_page(person)
    full_name = world.full_name(repository)
    people = [(one.login, one.login) for one in world.accounts.values() if one.type != "Organization"]
    sections = [
        _refs(repository, full_name),
        _push_form(repository, full_name, people, person),
        _pulls(repository, full_name),
        _settings(sandbox, repository, full_name, people),
    ]
    about = f"{_visibility(repository).capitalize()}, id {repository.id}. Your role: {role or 'read'}."
    return page(
        full_name,
        el("p", repository.description),
        el("p", about, class_="muted"),
        [el("section", *one) for one in sections],
        person=person,
    )


async def _go_up(_sandbox: Sandbox, request: Request, _person: Account) -> Response:
    return go_to("/{owner}/{repo}".format(**request.path_params))


def _listed(sandbox: Sandbox, owner: Account, person: Account) -> Html:
    world = sandbox.world
    seen = [one for one in world.owned_by(owner.id) if not one.private or world.role(person.id, one)]
    seen.sort(key=lambda one: one.name.lower())
    rows: list[list[Child]] = [
        [el("a", one.name, href=f"/{owner.login}/{one.name}"), _visibility(one), one.language]
        for one in seen[:_MOST_SHOWN]
    ]
    more = len(seen) - len(rows)
    return together(table(["Repository", "", ""], rows), el("p", f"and {more} more", class_="muted") if more else None)


def _visibility(repository: Repository) -> str:
    words = ["private" if repository.private else "public"]
    words += ["archived"] if repository.archived else []
    return ", ".join(words + (["fork"] if repository.fork else []))


def _refs(repository: Repository, full_name: str) -> list[Child]:
    rows: list[list[Child]] = [
        [
            name + (" (default)" if name == repository.default_branch else ""),
            el("code", branch.sha[:_SHORT]),
            button("Delete", "/do/push", repository=full_name, branch=name, delete="true", **_back(full_name)),
        ]
        for name, branch in sorted(repository.branches.items())[:_MOST_SHOWN]
    ]
    rows += [
        [
            f"tag {name}",
            el("code", sha[:_SHORT]),
            button("Delete", "/do/push", repository=full_name, tag=name, delete="true", **_back(full_name)),
        ]
        for name, sha in sorted(repository.tags.items())
    ]
    return [el("h2", "Branches and tags"), table(["Name", "Commit", ""], rows)]


def _push_form(repository: Repository, full_name: str, people: list[tuple[str, str]], person: Account) -> list[Child]:
    commits = [
        together(
            field(f"Commit {row + 1}", "messages", "Update" if row == 0 else "", size="40"),
            field("Author", "authors", person.login, list="people"),
        )
        for row in range(_COMMIT_ROWS)
    ]
    return [
        el("h2", "Push"),
        el("datalist", [el("option", value=login) for login, _ in people], id="people"),
        form(
            "/do/push",
            field("Branch", "branch", repository.default_branch),
            commits,
            el("p", "Authors are logins or `Name <email>`. Rows without a message are skipped."),
            field("Co-author", "co_authors", list="people"),
            checkbox("Force", "force"),
            el("button", "Push commits", class_="primary"),
            repository=full_name,
            **_back(full_name),
        ),
        form(
            "/do/push",
            field("Tag", "tag", required=True),
            checkbox("Annotated", "annotated"),
            el("button", "Push tag"),
            repository=full_name,
            **_back(full_name),
        ),
    ]


def _pulls(repository: Repository, full_name: str) -> list[Child]:
    rows: list[list[Child]] = [
        [f"#{one.number} {one.title}", "merged" if one.merged_at else one.state, _pull_buttons(one, full_name)]
        for one in repository.pulls.values()
    ]
    branches = [(name, name) for name in sorted(repository.branches)[:_MOST_SHOWN]]
    new = form(
        "/do/open_pull_request",
        field("Title", "title", required=True),
        choice("Head", "head", branches),
        choice("Base", "base", branches, repository.default_branch),
        checkbox("Draft", "draft"),
        el("button", "Open pull request", class_="primary"),
        repository=full_name,
        **_back(full_name),
    )
    return [el("h2", "Pull requests"), table(["Pull request", "State", ""], rows), new]


def _pull_buttons(one: PullRequest, full_name: str) -> list[Html]:
    words = ["merge", "close"] if one.state == "open" else [] if one.merged_at else ["reopen"]
    return [
        button(
            word.capitalize(), f"/do/{word}_pull_request", repository=full_name, number=one.number, **_back(full_name)
        )
        for word in words
    ]


def _settings(sandbox: Sandbox, repository: Repository, full_name: str, people: list[tuple[str, str]]) -> list[Child]:
    branches = [(name, name) for name in sorted(repository.branches)[:_MOST_SHOWN]]
    owners = [(one.login, one.login) for one in sandbox.world.accounts.values() if one.type != "Bot"]
    visibility = "publicize" if repository.private else "privatize"
    archived = "unarchive" if repository.archived else "archive"

    def one(action: str, *body: Child) -> Html:
        text = action.replace("_", " ").capitalize()
        return form(f"/do/{action}", *body, el("button", text), repository=full_name, **_back(full_name))

    return [
        el("h2", "Settings"),
        one("rename_repository", field("Name", "name", repository.name)),
        one("set_default_branch", choice("Branch", "branch", branches, repository.default_branch)),
        one("transfer_repository", choice("New owner", "owner", owners)),
        one("give_role", choice("Person", "person", people), choice("Role", "role", [(role, role) for role in ROLES])),
        one(f"{visibility}_repository"),
        one(f"{archived}_repository"),
        button(
            "Delete repository", "/do/delete_repository", look="danger", repository=full_name, return_to="/repositories"
        ),
    ]


def _back(full_name: str) -> dict[str, str]:
    return {"return_to": f"/{full_name}"}
