"""The initial data of a sandbox: the demo organization of `make run` and further accounts and repositories."""

import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from entrypoints.edge.public_urls import WEBHOOKS, callback_urls
from sandbox.state.accounts import Account, AccountType, Email
from sandbox.state.apps import App, Installation
from sandbox.state.data import SandboxData
from sandbox.state.git_objects import add_first_branch, create_first_commit
from sandbox.state.more_repositories import MANY_BRANCHES, SHAPES, Shape
from sandbox.state.repositories import Repository
from sandbox.state.sandbox_app import SandboxApp

_FOUNDED = datetime(2024, 2, 1, 8, tzinfo=UTC)
_FIRST_MORE = 700_001_001
_HOOK_ID = 510_000_001
ORBITAL = 900_000_200


def create_data(app: SandboxApp, *, service_url: str) -> SandboxData:
    """Return the initial data. `service_url` is the base URL of crewkit-git."""
    demo = json.loads(files("sandbox.state").joinpath("demo.json").read_bytes())
    data = SandboxData()
    _add_accounts(data, demo)
    for row in demo["repositories"] + demo["arriving_repositories"]:
        _add_demo_repository(data, demo, row)
    for number, shape in enumerate(SHAPES, start=_FIRST_MORE):
        _add_shape(data, number, shape)
    update_app(data, app, service_url=service_url)
    _add_installation(data, demo)
    data.last_ids = {"installation": demo["installation"]["id"], "repository": _FIRST_MORE + len(SHAPES)}
    return data


def update_app(data: SandboxData, app: SandboxApp, *, service_url: str) -> None:
    """Register the app, or update the keys and URLs of the registered app."""
    registered = data.apps.get(app.id)
    if registered is None:
        data.apps[app.id] = registered = App(
            id=app.id,
            slug=app.slug,
            name=app.slug,
            owner_id=ORBITAL,
            url="https://crewkit.example",
            client_id=app.client_id,
            client_secret=app.client_secret,
            webhook_secret=app.webhook_secret,
            public_key=app.public_key,
            hook_id=_HOOK_ID,
            created_at=_FOUNDED,
            updated_at=_FOUNDED,
            description="Every push and pull request reaches the right project.",
            request_oauth_on_install=True,
            setup_on_update=True,
            permissions={"contents": "read", "emails": "read", "metadata": "read", "pull_requests": "read"},
            events=["public", "pull_request", "push", "repository"],
        )
    registered.client_id, registered.client_secret = app.client_id, app.client_secret
    registered.webhook_secret, registered.public_key = app.webhook_secret, app.public_key
    registered.webhook_url = f"{service_url}{WEBHOOKS}"
    registered.callback_urls = list(callback_urls(service_url))
    registered.setup_url = registered.callback_urls[0]


def make_sha(text: str) -> str:
    """Return the id of the first commit of this text."""
    return create_first_commit(text).sha


def _add_accounts(data: SandboxData, demo: dict[str, Any]) -> None:
    account = demo["installation"]["account"]
    acme = _create_account(account["id"], account["login"], demo["organization"]["name"], "Organization")
    acme.description = "Small rockets, carefully made"
    data.accounts[acme.id] = acme
    for person in demo["users"]:
        github = person["github"]
        person_account = _create_account(github["id"], github["login"], person["name"], "User")
        first, *others = person["emails"]
        person_account.emails = [Email(first, primary=True), *map(Email, others)]
        data.accounts[person_account.id] = person_account
        if person["role"]:
            acme.members.add(person_account.id)
        if person["role"] == "owner":
            acme.owners.add(person_account.id)
    for stranger in demo["strangers"]:
        github = stranger["github"]
        person_account = _create_account(github["id"], github["login"], stranger["name"], stranger["type"])
        if stranger["type"] == "User":
            person_account.emails = [Email(f"{person_account.login}@mail.example", primary=True)]
        data.accounts[person_account.id] = person_account
    data.accounts[ORBITAL] = _create_orbital(data, demo)


def _create_orbital(data: SandboxData, demo: dict[str, Any]) -> Account:
    """Create a second organization. Its owner is not a member of the first organization."""
    orbital = _create_account(ORBITAL, "orbital-works", "Orbital Works", "Organization")
    by_role = {person["role"]: data.accounts[person["github"]["id"]] for person in demo["users"]}
    orbital.owners = {by_role[None].id}
    orbital.members = {by_role[None].id, by_role["owner"].id, by_role["admin"].id}
    orbital.members_read = False
    return orbital


def _create_account(number: int, login: str, name: str | None, kind: AccountType) -> Account:
    return Account(number, login, name, kind, created_at=_FOUNDED, updated_at=_FOUNDED)


def _add_demo_repository(data: SandboxData, demo: dict[str, Any], row: dict[str, Any]) -> None:
    pushed_at = datetime.fromisoformat(row["pushed_at"])
    repository = Repository(
        id=row["id"],
        name=row["name"],
        owner_id=demo["installation"]["account"]["id"],
        created_at=_FOUNDED,
        updated_at=datetime.fromisoformat(row["updated_at"]),
        pushed_at=pushed_at,
        private=row["private"],
        archived=row["archived"],
        fork=row["fork"],
        description=row["description"],
        language=row["language"],
        default_branch=row["default_branch"],
        size=2048,
        collaborators={demo["users"][1]["github"]["id"]: "admin"},
    )
    data.repositories[row["id"]] = repository
    for name in (row["default_branch"], "feature/fuel-gauge", "release/2026-09"):
        text = f"{row['id']} {name}"
        add_first_branch(repository, name, text, protected=name == row["default_branch"])
    repository.tags["v1.0.0"] = repository.branches[row["default_branch"]].sha


def _add_shape(data: SandboxData, number: int, shape: Shape) -> None:
    owner = data.account(shape.owner)
    assert owner is not None
    at = _FOUNDED + timedelta(hours=7 * (number - _FIRST_MORE))
    names = [shape.default_branch, *shape.branches] if shape.branches is not None else []
    if shape.name == MANY_BRANCHES:
        names += [f"task/{task:04}" for task in range(250)]
    repository = Repository(
        id=number,
        name=shape.name,
        owner_id=owner.id,
        created_at=at,
        updated_at=at + timedelta(days=30),
        pushed_at=at + timedelta(days=30),
        private=shape.private,
        archived=shape.archived,
        fork=shape.fork,
        description=shape.description,
        language=shape.language,
        default_branch=shape.default_branch,
        size=len(names) * 100,
    )
    data.repositories[number] = repository
    for name in names:
        add_first_branch(repository, name, f"{number} {name}")


def _add_installation(data: SandboxData, demo: dict[str, Any]) -> None:
    row = demo["installation"]
    data.installations[row["id"]] = Installation(
        id=row["id"],
        app_id=row["app_id"],
        account_id=row["account"]["id"],
        repository_selection=row["repository_selection"],
        permissions=dict(row["permissions"]),
        events=list(row["events"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
        repository_ids={repository["id"] for repository in demo["repositories"]},
    )
