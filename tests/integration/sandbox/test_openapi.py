"""Every answer of the REST API is one GitHub's own description allows."""

import re
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from sandbox.behaviour import DeliveryMode
from sandbox.rest.api import ENDPOINTS
from sandbox.state.apps import Registration
from sandbox.state.sandbox_app import new_private_key, public_key_of
from tests.support.checks.github_openapi import check, operations
from tests.support.servers.sandbox import INSTALLATION, JONAS, MARA, PRIYA, RunningSandbox

Ask = Callable[[RunningSandbox], Awaitable[httpx.Response]]

BY_ID = "/repositories/{repository_id}"
SAME_BY_ID = [
    ("GET", "/repos/{owner}/{repo}", ""),
    ("GET", "/repos/{owner}/{repo}/branches", "/branches"),
    ("GET", "/repos/{owner}/{repo}/branches/{branch}", "/branches/main"),
    ("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}", "/git/matching-refs/heads/"),
]
NOT_NEEDED = {("GET", "/repos/{owner}/{repo}/contents/{path}"), ("GET", "/search/repositories")}


def as_app(method: str, path: str, *, json: object = None, token: str | None = None) -> Ask:
    """Ask with the App's JWT, or another token."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        return await running.api(method, path, token, json=json)

    return ask


def as_installation(path: str) -> Ask:
    """Ask with an installation's token."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        return await running.api("GET", path, await running.installation_token())

    return ask


def as_user(path: str, login: str = MARA) -> Ask:
    """Ask with a person's token."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        return await running.api("GET", path, running.user_token(login))

    return ask


def as_client(method: str, path: str, token: str | None = None) -> Ask:
    """Ask with the App's client secret about a person's token."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        body = {"access_token": token or running.user_token(MARA)} if token != "" else {}
        return await running.client.request(
            method,
            f"/api/v3/applications/{running.app.client_id}{path}",
            json=body,
            auth=(running.app.client_id, running.app.client_secret),
        )

    return ask


def anonymously(path: str) -> Ask:
    """Ask with no credential."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        return await running.client.get(f"/api/v3{path}")

    return ask


def about_a_delivery(method: str, path: str) -> Ask:
    """Ask about the newest delivery."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        await running.act(MARA, "push", repository="acme-rockets/launchpad", messages=["Say it"])
        await running.wait_for_deliveries()
        newest = max(running.data.deliveries)
        return await running.api(method, f"/app/hook/deliveries/{newest}{path}")

    return ask


async def mint_for_suspended(running: RunningSandbox) -> httpx.Response:
    """Mint for a suspended installation."""
    await running.act(MARA, "suspend", installation=INSTALLATION)
    return await running.api("POST", f"/app/installations/{INSTALLATION}/access_tokens")


async def show_suspended(running: RunningSandbox) -> httpx.Response:
    """Show a suspended installation."""
    await running.act(MARA, "suspend", installation=INSTALLATION)
    return await running.api("GET", f"/app/installations/{INSTALLATION}")


async def list_suspended_repositories(running: RunningSandbox) -> httpx.Response:
    """List what a person sees of a suspended installation."""
    await running.act(MARA, "suspend", installation=INSTALLATION)
    path = f"/user/installations/{INSTALLATION}/repositories"
    return await running.api("GET", path, running.user_token(MARA))


async def get_by_former_name(running: RunningSandbox) -> httpx.Response:
    """Ask for a repository by its former name."""
    await running.act(MARA, "rename_repository", repository="acme-rockets/guidance", name="guide")
    return await running.api("GET", "/repos/acme-rockets/guidance", await running.installation_token())


async def get_unchanged(running: RunningSandbox) -> httpx.Response:
    """Ask again for what one has."""
    token = await running.installation_token()
    first = await running.api("GET", "/installation/repositories", token)
    headers = {"if-none-match": first.headers["etag"]}
    return await running.api("GET", "/installation/repositories", token, headers=headers)


async def reach_limit(running: RunningSandbox) -> httpx.Response:
    """Meet the primary limit."""
    token = await running.installation_token()
    running.sandbox.behaviour.requests_per_hour = 0
    return await running.api("GET", "/installation/repositories", token)


async def without_email_permission(running: RunningSandbox) -> httpx.Response:
    """Read addresses the App may not read."""
    del running.data.apps[running.app.id].permissions["emails"]
    return await running.api("GET", "/user/emails", running.user_token(MARA))


async def fetch_new_app(running: RunningSandbox) -> httpx.Response:
    """Fetch the secrets of a new App."""
    private_key, app = new_private_key(), running.data.apps[running.app.id]
    app.public_key = public_key_of(private_key)
    made = Registration(secrets.token_hex(8), app.id, private_key, running.sandbox.now())
    running.data.registrations[made.code] = made
    return await running.client.post(f"/api/v3/app-manifests/{made.code}/conversions")


async def deliveries(running: RunningSandbox) -> httpx.Response:
    """List deliveries that went well, failed to connect and are under way."""
    for delivering in (DeliveryMode.AT_ONCE, DeliveryMode.FAILING, DeliveryMode.HELD):
        running.sandbox.behaviour.delivering = delivering
        await running.act(MARA, "push", repository="acme-rockets/launchpad", messages=["Say it"])
    await running.wait_for_deliveries()
    return await running.api("GET", "/app/hook/deliveries")


async def show_pushed_branch(running: RunningSandbox) -> httpx.Response:
    """Show a branch whose head was pushed here."""
    await running.act(MARA, "push", repository="acme-rockets/guidance", branch="new", messages=["Begin"])
    path = "/repos/acme-rockets/guidance/branches/new"
    return await running.api("GET", path, await running.installation_token())


async def list_requests(running: RunningSandbox) -> httpx.Response:
    """List a request that waits for an owner."""
    await running.act(JONAS, "install", account="orbital-works")
    return await running.api("GET", "/app/installation-requests")


async def token_given_back(running: RunningSandbox) -> httpx.Response:
    """Revoke an installation's token with itself."""
    return await running.api("DELETE", "/installation/token", await running.installation_token())


INSTALLATION_PATH = f"/app/installations/{INSTALLATION}"
TOKENS_PATH = f"{INSTALLATION_PATH}/access_tokens"
CASES: list[tuple[str, str, int, Ask]] = [
    ("GET", "/app", 200, as_app("GET", "/app")),
    ("GET", "/app/installations", 200, as_app("GET", "/app/installations")),
    ("GET", "/app/installations/{installation_id}", 200, as_app("GET", INSTALLATION_PATH)),
    ("GET", "/app/installations/{installation_id}", 200, show_suspended),
    ("GET", "/app/installations/{installation_id}", 404, as_app("GET", "/app/installations/1")),
    ("DELETE", "/app/installations/{installation_id}", 204, as_app("DELETE", INSTALLATION_PATH)),
    ("DELETE", "/app/installations/{installation_id}", 404, as_app("DELETE", "/app/installations/1")),
    ("POST", "/app/installations/{installation_id}/access_tokens", 201, as_app("POST", TOKENS_PATH)),
    (
        "POST",
        "/app/installations/{installation_id}/access_tokens",
        201,
        as_app("POST", TOKENS_PATH, json={"repository_ids": [700000001], "permissions": {"contents": "read"}}),
    ),
    ("POST", "/app/installations/{installation_id}/access_tokens", 401, as_app("POST", TOKENS_PATH, token="x")),
    ("POST", "/app/installations/{installation_id}/access_tokens", 403, mint_for_suspended),
    (
        "POST",
        "/app/installations/{installation_id}/access_tokens",
        404,
        as_app("POST", "/app/installations/1/access_tokens"),
    ),
    (
        "POST",
        "/app/installations/{installation_id}/access_tokens",
        422,
        as_app("POST", TOKENS_PATH, json={"repositories": ["nowhere"]}),
    ),
    ("PUT", "/app/installations/{installation_id}/suspended", 204, as_app("PUT", f"{INSTALLATION_PATH}/suspended")),
    ("PUT", "/app/installations/{installation_id}/suspended", 404, as_app("PUT", "/app/installations/1/suspended")),
    (
        "DELETE",
        "/app/installations/{installation_id}/suspended",
        204,
        as_app("DELETE", f"{INSTALLATION_PATH}/suspended"),
    ),
    ("GET", "/app/hook/deliveries", 200, deliveries),
    ("GET", "/app/hook/deliveries", 400, as_app("GET", "/app/hook/deliveries?cursor=nonsense")),
    ("GET", "/app/hook/deliveries", 422, as_app("GET", "/app/hook/deliveries?status=odd")),
    ("GET", "/app/hook/deliveries/{delivery_id}", 200, about_a_delivery("GET", "")),
    ("POST", "/app/hook/deliveries/{delivery_id}/attempts", 202, about_a_delivery("POST", "/attempts")),
    ("GET", "/installation/repositories", 200, as_installation("/installation/repositories")),
    ("GET", "/installation/repositories", 304, get_unchanged),
    ("GET", "/installation/repositories", 401, anonymously("/installation/repositories")),
    ("GET", "/installation/repositories", 403, as_app("GET", "/installation/repositories")),
    ("GET", "/installation/repositories", 403, reach_limit),
    ("GET", "/user", 200, as_user("/user")),
    ("GET", "/user", 401, anonymously("/user")),
    ("GET", "/user", 403, as_installation("/user")),
    ("GET", "/user/emails", 200, as_user("/user/emails")),
    ("GET", "/user/emails", 401, anonymously("/user/emails")),
    ("GET", "/user/emails", 403, without_email_permission),
    ("GET", "/user/installations", 200, as_user("/user/installations")),
    ("GET", "/user/installations", 403, as_installation("/user/installations")),
    (
        "GET",
        "/user/installations/{installation_id}/repositories",
        200,
        as_user(f"/user/installations/{INSTALLATION}/repositories", PRIYA),
    ),
    ("GET", "/user/installations/{installation_id}/repositories", 403, list_suspended_repositories),
    ("GET", "/user/installations/{installation_id}/repositories", 404, as_user("/user/installations/1/repositories")),
    ("GET", "/repos/{owner}/{repo}", 200, as_installation("/repos/acme-rockets/guidance")),
    ("GET", "/repos/{owner}/{repo}", 200, as_user("/repos/mara-okafor-acme/dotfiles")),
    ("GET", "/repos/{owner}/{repo}", 301, get_by_former_name),
    ("GET", "/repos/{owner}/{repo}", 404, as_installation("/repos/acme-rockets/telemetry")),
    ("GET", "/repos/{owner}/{repo}/branches", 200, as_installation("/repos/acme-rockets/guidance/branches")),
    ("GET", "/repos/{owner}/{repo}/branches", 404, anonymously("/repos/acme-rockets/guidance/branches")),
    (
        "GET",
        "/repos/{owner}/{repo}/branches/{branch}",
        200,
        as_installation("/repos/acme-rockets/guidance/branches/main"),
    ),
    (
        "GET",
        "/repos/{owner}/{repo}/branches/{branch}",
        200,
        as_installation("/repos/acme-rockets/guidance/branches/feature%2Ffuel-gauge"),
    ),
    ("GET", "/repos/{owner}/{repo}/branches/{branch}", 200, show_pushed_branch),
    (
        "GET",
        "/repos/{owner}/{repo}/branches/{branch}",
        404,
        as_installation("/repos/acme-rockets/guidance/branches/none"),
    ),
    (
        "GET",
        "/repos/{owner}/{repo}/git/matching-refs/{ref}",
        200,
        as_installation("/repos/acme-rockets/guidance/git/matching-refs/heads/"),
    ),
    ("GET", "/app/installation-requests", 200, list_requests),
    ("DELETE", "/installation/token", 204, token_given_back),
    ("GET", "/app/hook/config", 200, as_app("GET", "/app/hook/config")),
    ("PATCH", "/app/hook/config", 200, as_app("PATCH", "/app/hook/config", json={"content_type": "json"})),
    ("POST", "/app-manifests/{code}/conversions", 201, fetch_new_app),
    ("POST", "/app-manifests/{code}/conversions", 404, as_app("POST", "/app-manifests/x/conversions")),
    ("GET", "/rate_limit", 200, as_installation("/rate_limit")),
    ("POST", "/applications/{client_id}/token", 200, as_client("POST", "/token")),
    ("POST", "/applications/{client_id}/token", 404, as_client("POST", "/token", "ghu_dead")),
    ("POST", "/applications/{client_id}/token", 422, as_client("POST", "/token", "")),
    ("DELETE", "/applications/{client_id}/token", 204, as_client("DELETE", "/token")),
    ("DELETE", "/applications/{client_id}/token", 422, as_client("DELETE", "/token", "")),
    ("DELETE", "/applications/{client_id}/grant", 204, as_client("DELETE", "/grant")),
    ("DELETE", "/applications/{client_id}/grant", 422, as_client("DELETE", "/grant", "")),
]


@pytest.mark.parametrize(
    ("method", "path", "status", "ask"), CASES, ids=[f"{one[0]} {one[1]} {one[2]}" for one in CASES]
)
async def test_response_matches_the_description(
    running: RunningSandbox, method: str, path: str, status: int, ask: Ask
) -> None:
    """Status and body match the description of the operation."""
    answer = await ask(running)
    assert answer.status_code == status, answer.text
    check(answer, method, path)


def test_every_operation_is_called() -> None:
    """Each described operation has a case, except two that the service never calls."""
    assert {(method, path) for method, path, _, _ in CASES} == set(operations()) - NOT_NEEDED


def test_every_route_is_described() -> None:
    """The sandbox has no route that GitHub's description lacks, so no answer goes unchecked."""
    routes = {(one.method, re.sub(r":(int|path)", "", one.path)) for one in ENDPOINTS}
    described = set(operations())
    by_id = {(method, path.replace("/repos/{owner}/{repo}", BY_ID)) for method, path in described}
    assert routes <= described | by_id
    assert {(method, path) for method, path in routes if path.startswith(BY_ID)} == {
        (method, path.replace("/repos/{owner}/{repo}", BY_ID)) for method, path, _ in SAME_BY_ID
    }


def test_every_route_is_documented() -> None:
    """docs/sandbox.md, which the answer 501 names, lists each operation."""
    page = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text()
    listed = set(re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/\S+)` \|", page, re.MULTILINE))
    listed = {(method, path) for method, path in listed if not path.startswith("/_sandbox")}
    routes = {(one.method, re.sub(r":(int|path)", "", one.path)) for one in ENDPOINTS}
    assert listed == {(method, path) for method, path in routes if not path.startswith(BY_ID)}


@pytest.mark.parametrize(("method", "path", "rest"), SAME_BY_ID, ids=[path for _, path, _ in SAME_BY_ID])
async def test_path_by_id_returns_the_same(running: RunningSandbox, method: str, path: str, rest: str) -> None:
    """GitHub redirects and links to `/repositories/ID`, which its description does not list."""
    token = await running.installation_token()
    by_name = await running.api(method, f"/repos/acme-rockets/guidance{rest}", token)
    repository = running.data.repository("acme-rockets/guidance")
    assert repository is not None
    by_id = await running.api(method, f"/repositories/{repository.id}{rest}", token)
    check(by_id, method, path)
    assert by_id.status_code == 200
    assert by_id.json() == by_name.json()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/repos/acme-rockets/guidance/issues"),
        ("PUT", "/user"),
        ("GET", "/nonsense"),
        ("GET", "/search/repositories"),
    ],
)
async def test_names_a_missing_operation(running: RunningSandbox, method: str, path: str) -> None:
    """A caller learns that the sandbox lacks an operation; 404 would look like a missing object."""
    response = await running.api(method, path, await running.installation_token())
    assert response.status_code == 501
    assert response.json()["message"] == (
        f"The sandbox does not implement {method} {path}. docs/sandbox.md lists its operations."
    )
