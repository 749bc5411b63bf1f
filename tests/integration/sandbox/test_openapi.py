"""Every answer of the REST API is one GitHub's own description allows."""

import re
from pathlib import Path

import pytest

from sandbox.rest.api import ENDPOINTS
from tests.support.checks.github_openapi import check, operations
from tests.support.clients.sandbox_calls import (
    Ask,
    about_a_delivery,
    anonymously,
    as_app,
    as_client,
    as_installation,
    as_user,
    deliveries,
    fetch_new_app,
    get_by_former_name,
    get_unchanged,
    list_requests,
    list_suspended_repositories,
    mint_for_suspended,
    reach_limit,
    show_pushed_branch,
    show_pushed_tree,
    show_suspended,
    token_given_back,
    without_email_permission,
)
from tests.support.servers.sandbox import INSTALLATION, PRIYA, RunningSandbox

BY_ID = "/repositories/{repository_id}"
SAME_BY_ID = [
    ("GET", "/repos/{owner}/{repo}", ""),
    ("GET", "/repos/{owner}/{repo}/branches", "/branches"),
    ("GET", "/repos/{owner}/{repo}/branches/{branch}", "/branches/main"),
    ("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}", "/git/matching-refs/heads/"),
    ("GET", "/repos/{owner}/{repo}/commits/{ref}", "/commits/main"),
    ("GET", "/repos/{owner}/{repo}/compare/{basehead}", "/compare/main...main"),
    ("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", "/git/trees/{head}?recursive=1"),
]
NOT_NEEDED = {("GET", "/repos/{owner}/{repo}/contents/{path}"), ("GET", "/search/repositories")}


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
    ("GET", "/repos/{owner}/{repo}/commits/{ref}", 200, as_installation("/repos/acme-rockets/guidance/commits/main")),
    ("GET", "/repos/{owner}/{repo}/commits/{ref}", 422, as_installation("/repos/acme-rockets/guidance/commits/none")),
    (
        "GET",
        "/repos/{owner}/{repo}/compare/{basehead}",
        200,
        as_installation("/repos/acme-rockets/guidance/compare/main...main"),
    ),
    (
        "GET",
        "/repos/{owner}/{repo}/compare/{basehead}",
        404,
        as_installation("/repos/acme-rockets/guidance/compare/main...none"),
    ),
    ("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", 200, show_pushed_tree),
    (
        "GET",
        "/repos/{owner}/{repo}/git/trees/{tree_sha}",
        404,
        as_installation("/repos/acme-rockets/guidance/git/trees/none"),
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
    repository = running.data.repository("acme-rockets/guidance")
    assert repository is not None
    rest = rest.replace("{head}", repository.branches["main"].sha)
    by_name = await running.api(method, f"/repos/acme-rockets/guidance{rest}", token)
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
