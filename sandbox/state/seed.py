"""The world a new sandbox begins with: the demo organization of `make run`, and enough around it to look real."""

import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from entrypoints.edge.public_urls import WEBHOOKS, callback_urls
from sandbox.state.accounts import Account, AccountType, Email
from sandbox.state.apps import App, Installation
from sandbox.state.git_objects import add_first_branch, first_commit
from sandbox.state.more_repositories import MANY_BRANCHES, SHAPES, Shape
from sandbox.state.repositories import Repository
from sandbox.state.sandbox_app import SandboxApp
from sandbox.state.world import World

_FOUNDED = datetime(2024, 2, 1, 8, tzinfo=UTC)
_FIRST_MORE = 700_001_001
_HOOK_ID = 510_000_001
ORBITAL = 900_000_200


def new_world(app: SandboxApp, *, service_url: str) -> World:
    """Return the world at its beginning; `service_url` is where our API is."""
    demo = json.loads(files("sandbox.state").joinpath("demo.json").read_bytes())
    world = World()
    _add_accounts(world, demo)
    for row in demo["repositories"] + demo["arriving_repositories"]:
        _add_demo_repository(world, demo, row)
    for number, shape in enumerate(SHAPES, start=_FIRST_MORE):
        _add_more(world, number, shape)
    renew_app(world, app, service_url=service_url)
    _add_installation(world, demo)
    world.last_ids = {"installation": demo["installation"]["id"], "repository": _FIRST_MORE + len(SHAPES)}
    return world


def renew_app(world: World, app: SandboxApp, *, service_url: str) -> None:
    """Register the app, or give the registered one today's keys and addresses."""
    known = world.apps.get(app.id)
    if known is None:
        world.apps[app.id] = known = App(
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
    known.client_id, known.client_secret = app.client_id, app.client_secret
    known.webhook_secret, known.public_key = app.webhook_secret, app.public_key
    known.webhook_url = f"{service_url}{WEBHOOKS}"
    known.callback_urls = list(callback_urls(service_url))
    known.setup_url = known.callback_urls[0]


def sha_of(text: str) -> str:
    """Return the name of the first commit of this text."""
    return first_commit(text).sha


def _add_accounts(world: World, demo: dict[str, Any]) -> None:
    account = demo["installation"]["account"]
    acme = _account(account["id"], account["login"], demo["organization"]["name"], "Organization")
    acme.description = "Small rockets, carefully made"
    world.accounts[acme.id] = acme
    for person in demo["users"]:
        github = person["github"]
        one = _account(github["id"], github["login"], person["name"], "User")
        first, *others = person["emails"]
        one.emails = [Email(first, primary=True), *map(Email, others)]
        world.accounts[one.id] = one
        if person["role"]:
            acme.members.add(one.id)
        if person["role"] == "owner":
            acme.owners.add(one.id)
    for stranger in demo["strangers"]:
        github = stranger["github"]
        one = _account(github["id"], github["login"], stranger["name"], stranger["type"])
        if stranger["type"] == "User":
            one.emails = [Email(f"{one.login}@mail.example", primary=True)]
        world.accounts[one.id] = one
    world.accounts[ORBITAL] = _orbital(world, demo)


def _orbital(world: World, demo: dict[str, Any]) -> Account:
    """Make a second organization, owned by the one who belongs to nothing of the first."""
    orbital = _account(ORBITAL, "orbital-works", "Orbital Works", "Organization")
    by_role = {person["role"]: world.accounts[person["github"]["id"]] for person in demo["users"]}
    orbital.owners = {by_role[None].id}
    orbital.members = {by_role[None].id, by_role["owner"].id, by_role["admin"].id}
    orbital.members_read = False
    return orbital


def _account(number: int, login: str, name: str | None, kind: AccountType) -> Account:
    return Account(number, login, name, kind, created_at=_FOUNDED, updated_at=_FOUNDED)


def _add_demo_repository(world: World, demo: dict[str, Any], row: dict[str, Any]) -> None:
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
    world.repositories[row["id"]] = repository
    for name in (row["default_branch"], "feature/fuel-gauge", "release/2026-09"):
        text = f"{row['id']} {name}"
        add_first_branch(repository, name, text, protected=name == row["default_branch"])
    repository.tags["v1.0.0"] = repository.branches[row["default_branch"]].sha


def _add_more(world: World, number: int, shape: Shape) -> None:
    owner = world.account(shape.owner)
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
    world.repositories[number] = repository
    for name in names:
        add_first_branch(repository, name, f"{number} {name}")


def _add_installation(world: World, demo: dict[str, Any]) -> None:
    row = demo["installation"]
    world.installations[row["id"]] = Installation(
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
